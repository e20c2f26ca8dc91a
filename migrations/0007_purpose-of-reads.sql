-- Reads for a purpose: what holds now is found per row, keys of one purpose, what an audit notes; locks: writes to consents while its index is built, the others for an instant; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "purpose" "consent_purpose";--> statement-breakpoint
ALTER TABLE "audit_entries" ADD COLUMN "purpose" text;--> statement-breakpoint
CREATE INDEX "consents_in_force_idx" ON "consents" USING btree ("customer_id","purpose","channel","occurred_at" DESC NULLS FIRST,"recorded_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "consents_granted_idx" ON "consents" USING btree ("purpose","customer_id") WHERE status = 'GRANTED';--> statement-breakpoint
CREATE STATISTICS "consents_said_stats" ON "purpose", "status" FROM "consents";