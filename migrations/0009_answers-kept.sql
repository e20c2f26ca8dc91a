-- An erasure finds the answers that are still kept without passing those that are not; locks: writes to idempotent_requests while the index is built; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE INDEX "idempotent_requests_answers" ON "idempotent_requests" USING btree ("key","caller_id") WHERE answer is not null;