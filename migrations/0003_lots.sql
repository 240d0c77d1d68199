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
ALTER TABLE "messages" ADD COLUMN "alone" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "lot_chunks" ADD CONSTRAINT "lot_chunks_lot_id_lots_id_fk" FOREIGN KEY ("lot_id") REFERENCES "public"."lots"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lot_items" ADD CONSTRAINT "lot_items_lot_id_lots_id_fk" FOREIGN KEY ("lot_id") REFERENCES "public"."lots"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lot_items" ADD CONSTRAINT "lot_items_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lots" ADD CONSTRAINT "lots_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "lot_chunks_lot" ON "lot_chunks" USING btree ("lot_id");--> statement-breakpoint
CREATE INDEX "lot_chunks_open" ON "lot_chunks" USING btree ("lot_id","first_item") WHERE not settled;--> statement-breakpoint
CREATE INDEX "lot_items_lot" ON "lot_items" USING btree ("lot_id","id");--> statement-breakpoint
CREATE INDEX "lot_items_message" ON "lot_items" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "lot_items_waiting" ON "lot_items" USING btree ("conversation_id") WHERE state = 'waiting';--> statement-breakpoint
CREATE UNIQUE INDEX "lot_items_dedupe" ON "lot_items" USING btree ("lot_id","dedupe") WHERE dedupe is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "lots_collecting" ON "lots" USING btree ("registration_id","hash") WHERE state = 'collecting';--> statement-breakpoint
CREATE INDEX "lots_registration" ON "lots" USING btree ("registration_id","id");--> statement-breakpoint
CREATE INDEX "lots_ended" ON "lots" USING btree ("ended_at") WHERE ended_at is not null;