-- The index of whose data an audit entry is about takes new entries in larger portions: a third cheaper; locks: the index, exclusive for an instant, behind look-ups under way; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
ALTER INDEX "audit_entries_buckets_idx" SET (gin_pending_list_limit = 16384);
