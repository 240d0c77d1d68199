CREATE TABLE "suppressions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "suppressions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"conversation_id" bigint,
	"name_hash" text,
	"purpose" text NOT NULL,
	"source" text NOT NULL,
	"note" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "api_tokens" ADD COLUMN "per_second" integer;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "suppressed" text;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "held_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "held_by" text;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "held_reason" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "if_not_held" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "if_line" bigint;--> statement-breakpoint
ALTER TABLE "registrations" ADD COLUMN "opt_out" json;--> statement-breakpoint
ALTER TABLE "registrations" ADD COLUMN "human_hold_s" integer DEFAULT 43200 NOT NULL;--> statement-breakpoint
ALTER TABLE "registrations" ADD COLUMN "contact_key" text;--> statement-breakpoint
ALTER TABLE "suppressions" ADD CONSTRAINT "suppressions_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "suppressions" ADD CONSTRAINT "suppressions_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "suppressions_conversation" ON "suppressions" USING btree ("conversation_id","purpose") WHERE conversation_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "suppressions_name" ON "suppressions" USING btree ("registration_id","name_hash","purpose") WHERE name_hash is not null;--> statement-breakpoint
CREATE INDEX "suppressions_registration" ON "suppressions" USING btree ("registration_id","id");--> statement-breakpoint
CREATE INDEX "events_lines" ON "events" USING btree ("conversation_id","id") WHERE type in ('message.received', 'message.sent_elsewhere');