-- Mutations run once per key of a client's own; locks: none, all new; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
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
CREATE INDEX "idempotent_requests_claimed_at" ON "idempotent_requests" USING btree ("claimed_at");
