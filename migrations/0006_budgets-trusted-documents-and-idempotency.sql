-- Budgets that nodes share, what keys have of their own, mutations that run once; locks: api_keys, for an instant; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE UNLOGGED TABLE "budgets" (
	"caller_id" text PRIMARY KEY NOT NULL,
	"points" double precision NOT NULL,
	"filled_at" timestamp(6) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotent_requests" (
	"caller_id" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" "bytea" NOT NULL,
	"claim_id" uuid NOT NULL,
	"claimed_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"answered_at" timestamp(6) with time zone,
	"answer" "bytea",
	CONSTRAINT "idempotent_requests_key_caller_id_pk" PRIMARY KEY("key","caller_id")
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "trusted_only" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "budget_points" integer;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "restored_per_second" integer;--> statement-breakpoint
CREATE INDEX "idempotent_requests_claimed_at" ON "idempotent_requests" USING btree ("claimed_at");
