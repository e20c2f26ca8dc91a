-- Keys rotate, follow a role, and may be a partner's; locks: api_keys, for as long as its definition takes; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE TYPE "public"."access_role" AS ENUM('AGENT', 'ANALYST', 'INTEGRATOR', 'PARTNER', 'ADMIN');--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "previous_hash" "bytea";--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "previous_valid_until" timestamp(6) with time zone;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "role" "access_role";--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "partner" text;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "rotated_at" timestamp(6) with time zone;
