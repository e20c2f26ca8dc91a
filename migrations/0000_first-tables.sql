-- The first tables: customers and what belongs to them, the event log, claims and keys; locks: none, all new; breaking: no
SET LOCAL citus.multi_shard_modify_mode = 'sequential';--> statement-breakpoint
CREATE TYPE "public"."consent_purpose" AS ENUM('SERVICE', 'MARKETING', 'ANALYTICS');--> statement-breakpoint
CREATE TYPE "public"."consent_status" AS ENUM('GRANTED', 'DENIED', 'REVOKED');--> statement-breakpoint
CREATE TYPE "public"."customer_stage" AS ENUM('LEAD', 'OPPORTUNITY', 'CUSTOMER', 'LAPSED', 'LOST');--> statement-breakpoint
CREATE TYPE "public"."identity_kind" AS ENUM('EMAIL', 'PHONE', 'LOYALTY_CARD', 'DEVICE', 'SOCIAL_HANDLE', 'EXTERNAL_ID');--> statement-breakpoint
CREATE TYPE "public"."event_type" AS ENUM('CUSTOMER_CREATED', 'CUSTOMER_UPDATED', 'INTERACTION_RECORDED', 'PURCHASE_RECORDED', 'RETURN_RECORDED', 'LOYALTY_ENTRY_RECORDED', 'TICKET_OPENED', 'TICKET_CHANGED', 'FEEDBACK_RECORDED', 'CONSENT_RECORDED', 'CUSTOMER_MERGED', 'CUSTOMER_ABSORBED', 'CUSTOMER_ERASED');--> statement-breakpoint
CREATE TYPE "public"."feedback_kind" AS ENUM('CSAT', 'CES', 'NPS');--> statement-breakpoint
CREATE TYPE "public"."record_kind" AS ENUM('INTERACTION', 'CONVERSATION', 'PURCHASE', 'RETURN', 'LOYALTY_ENTRY', 'TICKET', 'TICKET_EVENT', 'FEEDBACK', 'CONSENT');--> statement-breakpoint
CREATE TYPE "public"."interaction_actor" AS ENUM('HUMAN', 'BOT');--> statement-breakpoint
CREATE TYPE "public"."interaction_direction" AS ENUM('INBOUND', 'OUTBOUND');--> statement-breakpoint
CREATE TYPE "public"."interaction_initiative" AS ENUM('SOLICITED', 'UNSOLICITED');--> statement-breakpoint
CREATE TYPE "public"."loyalty_entry_kind" AS ENUM('EARN', 'ACTIVATE', 'SPEND', 'EXPIRE', 'REVERSE', 'ADJUST');--> statement-breakpoint
CREATE TYPE "public"."purchase_status" AS ENUM('PLACED', 'PAID', 'FULFILLED', 'CANCELLED');--> statement-breakpoint
CREATE TYPE "public"."ticket_event_kind" AS ENUM('OPENED', 'UPDATED', 'ASSIGNED', 'REPLIED', 'NOTED', 'SOLVED', 'REOPENED', 'CLOSED');--> statement-breakpoint
CREATE TYPE "public"."ticket_priority" AS ENUM('LOW', 'NORMAL', 'HIGH', 'URGENT');--> statement-breakpoint
CREATE TYPE "public"."ticket_status" AS ENUM('NEW', 'OPEN', 'PENDING', 'ON_HOLD', 'SOLVED', 'CLOSED');--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"scopes" text[] NOT NULL,
	"expires_at" timestamp(6) with time zone,
	"revoked_at" timestamp(6) with time zone,
	"last_used_at" timestamp(6) with time zone,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "consents" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"purpose" "consent_purpose" NOT NULL,
	"channel" text,
	"status" "consent_status" NOT NULL,
	"expires_at" timestamp(6) with time zone,
	"occurred_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "consents_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "customers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"anonymous" boolean DEFAULT false NOT NULL,
	"merged_into" uuid,
	"display_name" text,
	"given_name" text,
	"family_name" text,
	"email" text,
	"phone" text,
	"locale" text,
	"time_zone" text,
	"country" char(2),
	"stage" "customer_stage" DEFAULT 'LEAD' NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "identities" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"kind" "identity_kind" NOT NULL,
	"value" text NOT NULL,
	"verified" boolean DEFAULT false NOT NULL,
	"source" text NOT NULL,
	"first_seen_at" timestamp(6) with time zone NOT NULL,
	"last_seen_at" timestamp(6) with time zone NOT NULL,
	CONSTRAINT "identities_id_customer_id_pk" PRIMARY KEY("id","customer_id"),
	CONSTRAINT "identities_profile_value_key" UNIQUE("customer_id","profile_id","kind","value")
);
--> statement-breakpoint
CREATE TABLE "identity_claims" (
	"kind" "identity_kind" NOT NULL,
	"value" text NOT NULL,
	"customer_id" uuid NOT NULL,
	CONSTRAINT "identity_claims_value_kind_pk" PRIMARY KEY("value","kind")
);
--> statement-breakpoint
CREATE TABLE "profiles" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text,
	"display_name" text,
	"given_name" text,
	"family_name" text,
	"email" text,
	"phone" text,
	"locale" text,
	"time_zone" text,
	"birth_date" date,
	"address_lines" text[],
	"postal_code" text,
	"city" text,
	"region" text,
	"country" char(2),
	"stage" "customer_stage",
	"traits" jsonb,
	"observed_at" timestamp(6) with time zone NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "profiles_id_customer_id_pk" PRIMARY KEY("id","customer_id"),
	CONSTRAINT "profiles_source_ref_key" UNIQUE("customer_id","source","source_ref")
);
--> statement-breakpoint
CREATE TABLE "sources" (
	"code" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"priority" integer DEFAULT 100 NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"customer_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"ord" bigint GENERATED ALWAYS AS IDENTITY (sequence name "events_ord_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"id" uuid NOT NULL,
	"type" "event_type" NOT NULL,
	"subject_id" uuid,
	"payload" jsonb,
	"occurred_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"pos" bigint,
	CONSTRAINT "events_customer_id_seq_pk" PRIMARY KEY("customer_id","seq")
);
--> statement-breakpoint
CREATE TABLE "feed_head" (
	"id" integer PRIMARY KEY NOT NULL,
	"head" bigint NOT NULL,
	"epoch" uuid NOT NULL,
	"min_pos" bigint NOT NULL,
	CONSTRAINT "feed_head_single_row" CHECK ("feed_head"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "feedback" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"kind" "feedback_kind" NOT NULL,
	"score" integer NOT NULL,
	"scale_min" integer NOT NULL,
	"scale_max" integer NOT NULL,
	"survey_version" text,
	"comment" text,
	"channel" text,
	"ticket_id" uuid,
	"answered_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feedback_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "import_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"mapping_digest" text NOT NULL,
	"file_digest" text NOT NULL,
	"file_name" text NOT NULL,
	"lines_done" bigint DEFAULT 0 NOT NULL,
	"finished_at" timestamp(6) with time zone,
	"started_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "import_runs_file_key" UNIQUE("source","mapping_digest","file_digest")
);
--> statement-breakpoint
CREATE TABLE "record_claims" (
	"source" text NOT NULL,
	"kind" "record_kind" NOT NULL,
	"source_ref" text NOT NULL,
	"record_id" uuid NOT NULL,
	CONSTRAINT "record_claims_source_ref_source_kind_pk" PRIMARY KEY("source_ref","source","kind")
);
--> statement-breakpoint
CREATE TABLE "channels" (
	"code" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"automated" boolean DEFAULT false NOT NULL,
	"cost_per_contact" numeric,
	"cost_currency" char(3),
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "conversations" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"subject" text,
	"started_at" timestamp(6) with time zone NOT NULL,
	"last_at" timestamp(6) with time zone NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "conversations_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "interactions" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"channel" text NOT NULL,
	"conversation_id" uuid,
	"direction" "interaction_direction" NOT NULL,
	"initiative" "interaction_initiative" NOT NULL,
	"actor" "interaction_actor" DEFAULT 'HUMAN' NOT NULL,
	"kind" text NOT NULL,
	"summary" text,
	"body" text,
	"duration_seconds" integer,
	"attributes" jsonb,
	"occurred_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "interactions_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "loyalty_accounts" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"tier" text NOT NULL,
	"pending" bigint DEFAULT 0 NOT NULL,
	"active" bigint DEFAULT 0 NOT NULL,
	"earned" bigint DEFAULT 0 NOT NULL,
	"spent" bigint DEFAULT 0 NOT NULL,
	"expired" bigint DEFAULT 0 NOT NULL,
	"joined_at" timestamp(6) with time zone NOT NULL,
	"updated_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "loyalty_accounts_id_customer_id_pk" PRIMARY KEY("id","customer_id"),
	CONSTRAINT "loyalty_accounts_customer_key" UNIQUE("customer_id")
);
--> statement-breakpoint
CREATE TABLE "loyalty_entries" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"kind" "loyalty_entry_kind" NOT NULL,
	"points" bigint NOT NULL,
	"pending_delta" bigint NOT NULL,
	"active_delta" bigint NOT NULL,
	"reason" text,
	"reward" text,
	"expires_at" timestamp(6) with time zone,
	"occurred_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "loyalty_entries_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "loyalty_tiers" (
	"code" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"rank" integer NOT NULL,
	"earned_from" bigint NOT NULL,
	CONSTRAINT "loyalty_tiers_rank_unique" UNIQUE("rank")
);
--> statement-breakpoint
CREATE TABLE "rewards" (
	"code" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"cost_points" bigint NOT NULL,
	"available" boolean DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE TABLE "purchase_items" (
	"customer_id" uuid NOT NULL,
	"purchase_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"sku" text NOT NULL,
	"name" text,
	"quantity" integer NOT NULL,
	"unit_price" numeric NOT NULL,
	CONSTRAINT "purchase_items_purchase_id_position_customer_id_pk" PRIMARY KEY("purchase_id","position","customer_id")
);
--> statement-breakpoint
CREATE TABLE "purchase_return_items" (
	"customer_id" uuid NOT NULL,
	"purchase_return_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"sku" text NOT NULL,
	"name" text,
	"quantity" integer NOT NULL,
	"unit_price" numeric NOT NULL,
	CONSTRAINT "purchase_return_items_purchase_return_id_position_customer_id_pk" PRIMARY KEY("purchase_return_id","position","customer_id")
);
--> statement-breakpoint
CREATE TABLE "purchase_returns" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"purchase_id" uuid,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"return_number" text NOT NULL,
	"channel" text,
	"reason" text,
	"currency" char(3) NOT NULL,
	"total" numeric NOT NULL,
	"returned_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "purchase_returns_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "purchases" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"order_number" text NOT NULL,
	"status" "purchase_status" NOT NULL,
	"channel" text,
	"currency" char(3) NOT NULL,
	"total" numeric NOT NULL,
	"placed_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "purchases_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "ticket_events" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"ticket_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"kind" "ticket_event_kind" NOT NULL,
	"revision" integer DEFAULT 0 NOT NULL,
	"status" "ticket_status",
	"priority" "ticket_priority",
	"subject" text,
	"category" text,
	"channel" text,
	"assignee" text,
	"team" text,
	"sla_met" boolean,
	"reopen_count" integer,
	"actor" text,
	"note" text,
	"interaction_id" uuid,
	"occurred_at" timestamp(6) with time zone NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ticket_events_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "tickets" (
	"id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"profile_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"number" text NOT NULL,
	"subject" text,
	"category" text,
	"channel" text,
	"status" "ticket_status" NOT NULL,
	"priority" "ticket_priority" NOT NULL,
	"assignee" text,
	"team" text,
	"opened_at" timestamp(6) with time zone NOT NULL,
	"first_replied_at" timestamp(6) with time zone,
	"solved_at" timestamp(6) with time zone,
	"closed_at" timestamp(6) with time zone,
	"reopen_count" integer DEFAULT 0 NOT NULL,
	"transfer_count" integer DEFAULT 0 NOT NULL,
	"sla_met" boolean,
	"updated_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"recorded_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tickets_id_customer_id_pk" PRIMARY KEY("id","customer_id")
);
--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_channel_channels_code_fk" FOREIGN KEY ("channel") REFERENCES "public"."channels"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identities" ADD CONSTRAINT "identities_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "profiles" ADD CONSTRAINT "profiles_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "profiles" ADD CONSTRAINT "profiles_source_sources_code_fk" FOREIGN KEY ("source") REFERENCES "public"."sources"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_channel_channels_code_fk" FOREIGN KEY ("channel") REFERENCES "public"."channels"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_customer_id_ticket_id_tickets_customer_id_id_fk" FOREIGN KEY ("customer_id","ticket_id") REFERENCES "public"."tickets"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "interactions" ADD CONSTRAINT "interactions_channel_channels_code_fk" FOREIGN KEY ("channel") REFERENCES "public"."channels"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "interactions" ADD CONSTRAINT "interactions_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "interactions" ADD CONSTRAINT "interactions_customer_id_conversation_id_conversations_customer_id_id_fk" FOREIGN KEY ("customer_id","conversation_id") REFERENCES "public"."conversations"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "loyalty_accounts" ADD CONSTRAINT "loyalty_accounts_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "loyalty_accounts" ADD CONSTRAINT "loyalty_accounts_tier_loyalty_tiers_code_fk" FOREIGN KEY ("tier") REFERENCES "public"."loyalty_tiers"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "loyalty_entries" ADD CONSTRAINT "loyalty_entries_reward_rewards_code_fk" FOREIGN KEY ("reward") REFERENCES "public"."rewards"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "loyalty_entries" ADD CONSTRAINT "loyalty_entries_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "loyalty_entries" ADD CONSTRAINT "loyalty_entries_customer_id_account_id_loyalty_accounts_customer_id_id_fk" FOREIGN KEY ("customer_id","account_id") REFERENCES "public"."loyalty_accounts"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchase_items" ADD CONSTRAINT "purchase_items_customer_id_purchase_id_purchases_customer_id_id_fk" FOREIGN KEY ("customer_id","purchase_id") REFERENCES "public"."purchases"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchase_return_items" ADD CONSTRAINT "purchase_return_items_customer_id_purchase_return_id_purchase_returns_customer_id_id_fk" FOREIGN KEY ("customer_id","purchase_return_id") REFERENCES "public"."purchase_returns"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchase_returns" ADD CONSTRAINT "purchase_returns_channel_channels_code_fk" FOREIGN KEY ("channel") REFERENCES "public"."channels"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchase_returns" ADD CONSTRAINT "purchase_returns_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchase_returns" ADD CONSTRAINT "purchase_returns_customer_id_purchase_id_purchases_customer_id_id_fk" FOREIGN KEY ("customer_id","purchase_id") REFERENCES "public"."purchases"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchases" ADD CONSTRAINT "purchases_channel_channels_code_fk" FOREIGN KEY ("channel") REFERENCES "public"."channels"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchases" ADD CONSTRAINT "purchases_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ticket_events" ADD CONSTRAINT "ticket_events_channel_channels_code_fk" FOREIGN KEY ("channel") REFERENCES "public"."channels"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ticket_events" ADD CONSTRAINT "ticket_events_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ticket_events" ADD CONSTRAINT "ticket_events_customer_id_ticket_id_tickets_customer_id_id_fk" FOREIGN KEY ("customer_id","ticket_id") REFERENCES "public"."tickets"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ticket_events" ADD CONSTRAINT "ticket_events_customer_id_interaction_id_interactions_customer_id_id_fk" FOREIGN KEY ("customer_id","interaction_id") REFERENCES "public"."interactions"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tickets" ADD CONSTRAINT "tickets_channel_channels_code_fk" FOREIGN KEY ("channel") REFERENCES "public"."channels"("code") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tickets" ADD CONSTRAINT "tickets_customer_id_profile_id_profiles_customer_id_id_fk" FOREIGN KEY ("customer_id","profile_id") REFERENCES "public"."profiles"("customer_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "consents_timeline_idx" ON "consents" USING btree ("customer_id","occurred_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "customers_created_at_idx" ON "customers" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "customers_display_name_idx" ON "customers" USING btree ("display_name","id");--> statement-breakpoint
CREATE INDEX "identity_claims_customer_idx" ON "identity_claims" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "events_pending_idx" ON "events" USING btree ("ord") WHERE pos is null;--> statement-breakpoint
CREATE INDEX "events_pos_idx" ON "events" USING btree ("pos") WHERE pos is not null;--> statement-breakpoint
CREATE INDEX "feedback_answered_at_idx" ON "feedback" USING btree ("answered_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "feedback_timeline_idx" ON "feedback" USING btree ("customer_id","answered_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "conversations_timeline_idx" ON "conversations" USING btree ("customer_id","last_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "interactions_timeline_idx" ON "interactions" USING btree ("customer_id","occurred_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "interactions_conversation_idx" ON "interactions" USING btree ("customer_id","conversation_id","occurred_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE conversation_id is not null;--> statement-breakpoint
CREATE INDEX "interactions_occurred_at_idx" ON "interactions" USING btree ("occurred_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "loyalty_entries_timeline_idx" ON "loyalty_entries" USING btree ("customer_id","occurred_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "purchase_returns_timeline_idx" ON "purchase_returns" USING btree ("customer_id","returned_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "purchase_returns_returned_at_idx" ON "purchase_returns" USING btree ("returned_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "purchase_returns_purchase_idx" ON "purchase_returns" USING btree ("customer_id","purchase_id") WHERE purchase_id is not null;--> statement-breakpoint
CREATE INDEX "purchases_timeline_idx" ON "purchases" USING btree ("customer_id","placed_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "purchases_placed_at_idx" ON "purchases" USING btree ("placed_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ticket_events_ticket_idx" ON "ticket_events" USING btree ("customer_id","ticket_id","occurred_at","revision","id");--> statement-breakpoint
CREATE INDEX "ticket_events_timeline_idx" ON "ticket_events" USING btree ("customer_id","occurred_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "tickets_customer_idx" ON "tickets" USING btree ("customer_id","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "tickets_open_idx" ON "tickets" USING btree ("customer_id","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD');--> statement-breakpoint
CREATE INDEX "tickets_opened_at_idx" ON "tickets" USING btree ("opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "tickets_number_idx" ON "tickets" USING btree ("number");