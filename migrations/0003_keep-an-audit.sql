-- Who reads or changes whose data is written down; locks: none, all new; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE TYPE "public"."audit_action" AS ENUM('READ', 'CHANGE', 'SUBSCRIBE');--> statement-breakpoint
CREATE TABLE "audit_entries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"key_id" text NOT NULL,
	"action" "audit_action" NOT NULL,
	"operation_name" text,
	"document_hash" text,
	"request_id" uuid NOT NULL,
	"customer_ids" uuid[] NOT NULL
);
--> statement-breakpoint
CREATE INDEX "audit_entries_customers_idx" ON "audit_entries" USING gin ("customer_ids");--> statement-breakpoint
CREATE INDEX "audit_entries_key_idx" ON "audit_entries" USING btree ("key_id","id");