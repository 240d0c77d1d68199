CREATE TABLE "conversations" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "conversations_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"contact" text NOT NULL,
	"sending_due" timestamp with time zone,
	"telling_due" timestamp with time zone,
	"last_incoming_ref" text,
	"last_incoming_at" timestamp with time zone,
	"last_incoming_context" json,
	"memory" json,
	"address" text,
	"paced_until" timestamp with time zone,
	CONSTRAINT "conversations_contact" UNIQUE("registration_id","contact")
);
--> statement-breakpoint
CREATE TABLE "hosts" (
	"id" text PRIMARY KEY NOT NULL,
	"pools" text[] NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "messages_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"conversation_id" bigint NOT NULL,
	"crm_id" text,
	"body" json NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"replays" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ref" text,
	"status" text,
	"reason" text,
	"story" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"alone" boolean DEFAULT false NOT NULL,
	"later" json,
	"answer" text,
	"progress" json,
	"doubt" text,
	"part_count" integer,
	"in_parts" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "messages_crm_id" UNIQUE("registration_id","crm_id")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"conversation_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"body" json NOT NULL,
	"dedupe" text NOT NULL,
	"media" json,
	"state" text DEFAULT 'waiting' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"reason" text,
	"offered_since" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "outbox_dedupe" UNIQUE("registration_id","dedupe")
);
--> statement-breakpoint
CREATE TABLE "public_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"pem" text NOT NULL,
	"fetched_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "registrations" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "registrations_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"channel" text NOT NULL,
	"company_id" text NOT NULL,
	"alias" text NOT NULL,
	"plugin_id" text NOT NULL,
	"cluster_uri" text NOT NULL,
	"country" text NOT NULL,
	"currency" text NOT NULL,
	"hpt" text NOT NULL,
	"webhook_token" text NOT NULL,
	"webhook_hash" text NOT NULL,
	"registered_at" timestamp with time zone DEFAULT now() NOT NULL,
	"archived_at" timestamp with time zone,
	"retry_unknown" boolean DEFAULT false NOT NULL,
	"told_at" timestamp with time zone,
	"paused_until" timestamp with time zone,
	"poll_cursor" json,
	"poll_leased_until" timestamp with time zone,
	"sending_host" text,
	"telling_host" text,
	CONSTRAINT "registrations_webhookHash_unique" UNIQUE("webhook_hash"),
	CONSTRAINT "registrations_reference" UNIQUE("channel","company_id","alias","plugin_id")
);
--> statement-breakpoint
CREATE TABLE "secret_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"registration_id" bigint PRIMARY KEY NOT NULL,
	"data" json NOT NULL,
	"secrets" text NOT NULL,
	"saved_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "aliases" (
	"registration_id" bigint NOT NULL,
	"contact" text NOT NULL,
	"conversation_id" bigint NOT NULL,
	CONSTRAINT "aliases_registration_id_contact_pk" PRIMARY KEY("registration_id","contact")
);
--> statement-breakpoint
CREATE TABLE "early_statuses" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "early_statuses_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"ref" text NOT NULL,
	"status" text NOT NULL,
	"reason" text,
	"remember" json,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "message_parts" (
	"message_id" bigint NOT NULL,
	"part" integer NOT NULL,
	"ref" text NOT NULL,
	"registration_id" bigint NOT NULL,
	"status" text,
	"dropped" boolean DEFAULT false NOT NULL,
	CONSTRAINT "message_parts_message_id_part_ref_pk" PRIMARY KEY("message_id","part","ref")
);
--> statement-breakpoint
CREATE TABLE "notes" (
	"registration_id" bigint NOT NULL,
	"name" text NOT NULL,
	"value" json NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "notes_registration_id_name_pk" PRIMARY KEY("registration_id","name")
);
--> statement-breakpoint
CREATE TABLE "lot_chunks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "lot_chunks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"lot_id" bigint NOT NULL,
	"first_item" bigint NOT NULL,
	"last_item" bigint NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"reason" text,
	"settled" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "lot_items" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "lot_items_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"lot_id" bigint NOT NULL,
	"message_id" bigint NOT NULL,
	"conversation_id" bigint NOT NULL,
	"item" json NOT NULL,
	"dedupe" text,
	"state" text DEFAULT 'waiting' NOT NULL,
	"reason" text
);
--> statement-breakpoint
CREATE TABLE "lots" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "lots_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"name" text NOT NULL,
	"key" json NOT NULL,
	"hash" text NOT NULL,
	"state" text DEFAULT 'collecting' NOT NULL,
	"items" integer DEFAULT 0 NOT NULL,
	"seals_at" timestamp with time zone NOT NULL,
	"ref" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"calling" boolean DEFAULT false NOT NULL,
	"doubtful" boolean DEFAULT false NOT NULL,
	"host" text,
	"due_at" timestamp with time zone,
	"code" text,
	"step" text,
	"retryable" boolean DEFAULT false NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"sealed_at" timestamp with time zone,
	"opened_at" timestamp with time zone,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "settings" ADD CONSTRAINT "settings_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "early_statuses" ADD CONSTRAINT "early_statuses_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_parts" ADD CONSTRAINT "message_parts_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_parts" ADD CONSTRAINT "message_parts_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notes" ADD CONSTRAINT "notes_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lot_chunks" ADD CONSTRAINT "lot_chunks_lot_id_lots_id_fk" FOREIGN KEY ("lot_id") REFERENCES "public"."lots"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lot_items" ADD CONSTRAINT "lot_items_lot_id_lots_id_fk" FOREIGN KEY ("lot_id") REFERENCES "public"."lots"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lot_items" ADD CONSTRAINT "lot_items_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lots" ADD CONSTRAINT "lots_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "conversations_address" ON "conversations" USING btree ("registration_id","address") WHERE address is not null;--> statement-breakpoint
CREATE INDEX "conversations_sending" ON "conversations" USING btree ("registration_id","sending_due") WHERE sending_due is not null;--> statement-breakpoint
CREATE INDEX "conversations_telling" ON "conversations" USING btree ("registration_id","telling_due") WHERE telling_due is not null;--> statement-breakpoint
CREATE INDEX "messages_ref" ON "messages" USING btree ("registration_id","ref") WHERE ref is not null;--> statement-breakpoint
CREATE INDEX "messages_conversation" ON "messages" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "messages_unsettled" ON "messages" USING btree ("conversation_id","id") WHERE settled_at is null;--> statement-breakpoint
CREATE INDEX "messages_settled" ON "messages" USING btree ("settled_at") WHERE settled_at is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "messages_answer" ON "messages" USING btree ("registration_id","answer") WHERE answer is not null;--> statement-breakpoint
CREATE INDEX "outbox_conversation" ON "outbox" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "outbox_unsettled" ON "outbox" USING btree ("conversation_id","id") WHERE settled_at is null;--> statement-breakpoint
CREATE INDEX "outbox_settled" ON "outbox" USING btree ("settled_at") WHERE settled_at is not null;--> statement-breakpoint
CREATE INDEX "registrations_sending" ON "registrations" USING btree ("sending_host") WHERE sending_host is not null;--> statement-breakpoint
CREATE INDEX "registrations_telling" ON "registrations" USING btree ("telling_host") WHERE telling_host is not null;--> statement-breakpoint
CREATE INDEX "aliases_conversation" ON "aliases" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "early_statuses_registration" ON "early_statuses" USING btree ("registration_id","id");--> statement-breakpoint
CREATE INDEX "early_statuses_age" ON "early_statuses" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "message_parts_ref" ON "message_parts" USING btree ("registration_id","ref");--> statement-breakpoint
CREATE INDEX "lot_chunks_lot" ON "lot_chunks" USING btree ("lot_id");--> statement-breakpoint
CREATE INDEX "lot_chunks_open" ON "lot_chunks" USING btree ("lot_id","first_item") WHERE not settled;--> statement-breakpoint
CREATE INDEX "lot_items_lot" ON "lot_items" USING btree ("lot_id","id");--> statement-breakpoint
CREATE INDEX "lot_items_message" ON "lot_items" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "lot_items_waiting" ON "lot_items" USING btree ("conversation_id") WHERE state = 'waiting';--> statement-breakpoint
CREATE UNIQUE INDEX "lot_items_dedupe" ON "lot_items" USING btree ("lot_id","dedupe") WHERE dedupe is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "lots_collecting" ON "lots" USING btree ("registration_id","hash") WHERE state = 'collecting';--> statement-breakpoint
CREATE INDEX "lots_registration" ON "lots" USING btree ("registration_id","id");--> statement-breakpoint
CREATE INDEX "lots_ended" ON "lots" USING btree ("ended_at") WHERE ended_at is not null;