-- Whose data an entry is about as bytes, looked up by buckets: half of what an index of ids cost; locks: audit_entries, exclusive and as long as its entries take to be written again; breaking: yes
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
DROP INDEX "audit_entries_customers_idx";--> statement-breakpoint
ALTER TABLE "audit_entries" ADD COLUMN "customers" "bytea" DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD COLUMN "buckets" smallint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
UPDATE "audit_entries" SET
	"customers" = coalesce((SELECT string_agg(uuid_send(id), '') FROM unnest(customer_ids) AS id), ''),
	"buckets" = array(SELECT DISTINCT (((get_byte(uuid_send(id), 14) << 8) | get_byte(uuid_send(id), 15)) & 16383)::smallint FROM unnest(customer_ids) AS id);--> statement-breakpoint
ALTER TABLE "audit_entries" ALTER COLUMN "customers" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "audit_entries" ALTER COLUMN "buckets" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "audit_entries" DROP COLUMN "customer_ids";--> statement-breakpoint
CREATE INDEX "audit_entries_buckets_idx" ON "audit_entries" USING gin ("buckets");
