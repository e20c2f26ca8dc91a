-- Endpoints that events are sent to, and the log of what was sent; locks: none, all new; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE TYPE "public"."webhook_delivery_error" AS ENUM('HTTP_STATUS', 'REDIRECT', 'TIMEOUT', 'ADDRESS_REFUSED', 'NAME_NOT_FOUND', 'TLS', 'CONNECTION');--> statement-breakpoint
CREATE TYPE "public"."webhook_delivery_status" AS ENUM('PENDING', 'DELIVERED', 'FAILED', 'EXPIRED', 'DISCARDED');--> statement-breakpoint
CREATE TYPE "public"."webhook_status" AS ENUM('ACTIVE', 'PARKED', 'DISABLED');--> statement-breakpoint
CREATE TYPE "public"."webhook_status_reason" AS ENUM('EXHAUSTED', 'EVENTS_EXPIRED', 'FEED_RESTORED', 'GONE', 'KEY_REVOKED', 'DOCUMENT_REFUSED');--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"webhook_id" uuid NOT NULL,
	"event_id" uuid,
	"event_type" text,
	"pos" bigint,
	"status" "webhook_delivery_status" DEFAULT 'PENDING' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp(6) with time zone DEFAULT now(),
	"claim" uuid,
	"last_attempt_at" timestamp(6) with time zone,
	"last_status_code" integer,
	"last_error" "webhook_delivery_error",
	"last_duration_ms" integer,
	"delivered_at" timestamp(6) with time zone,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_deliveries_event_key" UNIQUE("webhook_id","event_id")
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"key_id" uuid,
	"url" text NOT NULL,
	"description" text,
	"document" text NOT NULL,
	"types" text[],
	"secret" text NOT NULL,
	"previous_secret" text,
	"previous_secret_until" timestamp(6) with time zone,
	"status" "webhook_status" DEFAULT 'ACTIVE' NOT NULL,
	"status_reason" "webhook_status_reason",
	"status_changed_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"pos" bigint NOT NULL,
	"epoch" uuid NOT NULL,
	"failures_in_row" integer DEFAULT 0 NOT NULL,
	"exhausted_in_row" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "webhook_deliveries_list_idx" ON "webhook_deliveries" USING btree ("webhook_id","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due_idx" ON "webhook_deliveries" USING btree ("webhook_id","next_attempt_at") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_tests_idx" ON "webhook_deliveries" USING btree ("next_attempt_at") WHERE status = 'PENDING' and event_id is null;--> statement-breakpoint
CREATE INDEX "webhooks_key_idx" ON "webhooks" USING btree ("key_id");