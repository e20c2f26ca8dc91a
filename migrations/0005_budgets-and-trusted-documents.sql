-- Budgets that nodes share, and what keys have of their own; locks: api_keys, for an instant; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE UNLOGGED TABLE "budgets" (
	"caller_id" text PRIMARY KEY NOT NULL,
	"points" double precision NOT NULL,
	"filled_at" timestamp(6) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "trusted_only" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "budget_points" integer;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "restored_per_second" integer;
