-- Channels, loyalty tiers and the feed head that every installation starts from; locks: none; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
INSERT INTO channels (code, name, automated, cost_per_contact, cost_currency) VALUES
	('phone', 'Phone', false, 6.00, 'EUR'),
	('email', 'E-mail', false, 4.00, 'EUR'),
	('chat', 'Live chat', false, 3.50, 'EUR'),
	('bot', 'Chat bot', true, 0.25, 'EUR'),
	('social', 'Social media', false, 3.00, 'EUR'),
	('messaging', 'Messaging app', false, 2.50, 'EUR'),
	('web_form', 'Web form', false, 3.00, 'EUR'),
	('web', 'Web site', true, 0.05, 'EUR'),
	('app', 'Mobile app', true, 0.05, 'EUR'),
	('store', 'Store', false, 5.00, 'EUR'),
	('self_service', 'Self-service', true, 0.10, 'EUR'),
	('mail', 'Postal mail', false, 8.00, 'EUR');--> statement-breakpoint
INSERT INTO loyalty_tiers (code, name, rank, earned_from) VALUES
	('basic', 'Basic', 0, 0),
	('silver', 'Silver', 1, 1000),
	('gold', 'Gold', 2, 5000),
	('platinum', 'Platinum', 3, 20000);--> statement-breakpoint
INSERT INTO feed_head (id, head, epoch, min_pos) VALUES (1, 0, gen_random_uuid(), 1);
