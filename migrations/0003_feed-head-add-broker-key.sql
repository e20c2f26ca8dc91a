-- Nodes sign what they pass to each other by way of a broker; locks: feed_head, for an instant; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
ALTER TABLE "feed_head" ADD COLUMN "broker_key" uuid;--> statement-breakpoint
UPDATE "feed_head" SET "broker_key" = gen_random_uuid();--> statement-breakpoint
ALTER TABLE "feed_head" ALTER COLUMN "broker_key" SET NOT NULL;
