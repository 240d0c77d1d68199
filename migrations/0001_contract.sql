CREATE TABLE "aliases" (
	"registration_id" bigint NOT NULL,
	"contact" text NOT NULL,
	"conversation_id" bigint NOT NULL,
	CONSTRAINT "aliases_registration_id_contact_pk" PRIMARY KEY("registration_id","contact")
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
ALTER TABLE "conversations" ADD COLUMN "memory" json;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "address" text;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "paced_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "early_statuses" ADD COLUMN "remember" json;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "answer" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "progress" json;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "doubt" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "part_count" integer;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "in_parts" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "media" json;--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_parts" ADD CONSTRAINT "message_parts_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_parts" ADD CONSTRAINT "message_parts_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notes" ADD CONSTRAINT "notes_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "aliases_conversation" ON "aliases" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "message_parts_ref" ON "message_parts" USING btree ("registration_id","ref");--> statement-breakpoint
CREATE INDEX "conversations_address" ON "conversations" USING btree ("registration_id","address") WHERE address is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "messages_answer" ON "messages" USING btree ("registration_id","answer") WHERE answer is not null;