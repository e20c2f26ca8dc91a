-- Requests to export or erase a customer, what must not come back, room to blank customers and events, and the audit; locks: customers, exclusive and as long as the partial index takes (reads all customers once); breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE TYPE "public"."audit_action" AS ENUM('READ', 'CHANGE', 'SUBSCRIBE');--> statement-breakpoint
CREATE TYPE "public"."privacy_request_kind" AS ENUM('EXPORT', 'ERASE');--> statement-breakpoint
CREATE TYPE "public"."privacy_request_status" AS ENUM('RECEIVED', 'RUNNING', 'DONE', 'FAILED');--> statement-breakpoint
ALTER TYPE "public"."event_type" ADD VALUE 'EVENT_ERASED';--> statement-breakpoint
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
CREATE TABLE "privacy_requests" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"kind" "privacy_request_kind" NOT NULL,
	"status" "privacy_request_status" DEFAULT 'RECEIVED' NOT NULL,
	"requested_by" text NOT NULL,
	"step" text,
	"receipt" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"error_code" text,
	"try_after" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"requested_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp(6) with time zone,
	"finished_at" timestamp(6) with time zone,
	CONSTRAINT "privacy_requests_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"private_jwk" jsonb NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "suppression_secrets" (
	"id" text PRIMARY KEY NOT NULL,
	"secret" "bytea",
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "suppressions" (
	"digest" uuid PRIMARY KEY NOT NULL,
	"suppressed_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "customers" ADD COLUMN "erased_at" timestamp(6) with time zone;--> statement-breakpoint
ALTER TABLE "privacy_requests" ADD CONSTRAINT "privacy_requests_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_customers_idx" ON "audit_entries" USING gin ("customer_ids");--> statement-breakpoint
CREATE INDEX "audit_entries_key_idx" ON "audit_entries" USING btree ("key_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "privacy_requests_open_key" ON "privacy_requests" USING btree ("customer_id","kind") WHERE status in ('RECEIVED', 'RUNNING');--> statement-breakpoint
CREATE INDEX "privacy_requests_due_idx" ON "privacy_requests" USING btree ("try_after") WHERE status in ('RECEIVED', 'RUNNING');--> statement-breakpoint
CREATE INDEX "privacy_requests_customer_idx" ON "privacy_requests" USING btree ("customer_id","id");--> statement-breakpoint
CREATE INDEX "customers_merged_into_idx" ON "customers" USING btree ("merged_into") WHERE merged_into is not null;