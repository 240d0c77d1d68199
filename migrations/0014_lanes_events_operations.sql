CREATE SEQUENCE "public"."event_positions" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "operations" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "operations_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"actor" text NOT NULL,
	"registration_id" bigint,
	"request" json NOT NULL,
	"per_second" integer,
	"state" text DEFAULT 'running' NOT NULL,
	"total" integer NOT NULL,
	"seen" integer DEFAULT 0 NOT NULL,
	"changed" integer DEFAULT 0 NOT NULL,
	"last_id" bigint DEFAULT 0 NOT NULL,
	"end_id" bigint NOT NULL,
	"error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"position" bigint,
	"registration_id" bigint NOT NULL,
	"conversation_id" bigint,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"type" text NOT NULL,
	"body" json NOT NULL
);
--> statement-breakpoint
DROP INDEX "conversations_sending";--> statement-breakpoint
DROP INDEX "messages_unsettled";--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "sending_bulk" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "client" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "client_id" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "bulk" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "not_before" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "expires_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "tag" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "purpose" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "tell_crm" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "code" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "cost" json;--> statement-breakpoint
ALTER TABLE "message_parts" ADD COLUMN "code" text;--> statement-breakpoint
ALTER TABLE "message_parts" ADD COLUMN "cost" json;--> statement-breakpoint
CREATE INDEX "operations_registration" ON "operations" USING btree ("registration_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "events_position" ON "events" USING btree ("position") WHERE position is not null;--> statement-breakpoint
CREATE INDEX "events_registration" ON "events" USING btree ("registration_id","position") WHERE position is not null;--> statement-breakpoint
CREATE INDEX "events_unplaced" ON "events" USING btree ("id") WHERE position is null;--> statement-breakpoint
CREATE UNIQUE INDEX "messages_client_id" ON "messages" USING btree ("registration_id","client","client_id") WHERE client_id is not null;--> statement-breakpoint
CREATE INDEX "messages_tag" ON "messages" USING btree ("registration_id","tag") WHERE tag is not null;--> statement-breakpoint
CREATE INDEX "messages_scheduled" ON "messages" USING btree ("conversation_id","not_before") WHERE not_before is not null and settled_at is null;--> statement-breakpoint
CREATE INDEX "messages_untold" ON "messages" USING btree ("conversation_id","id") WHERE tell_crm is not null;--> statement-breakpoint
CREATE INDEX "messages_expiring" ON "messages" USING btree ("expires_at") WHERE expires_at is not null and settled_at is null;--> statement-breakpoint
CREATE INDEX "conversations_sending" ON "conversations" USING btree ("registration_id","sending_bulk","sending_due") WHERE sending_due is not null;--> statement-breakpoint
CREATE INDEX "messages_unsettled" ON "messages" USING btree ("conversation_id","bulk","id") WHERE settled_at is null;