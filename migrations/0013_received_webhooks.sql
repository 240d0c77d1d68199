CREATE TABLE "received_webhooks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "received_webhooks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"bytes" integer NOT NULL,
	"events" integer NOT NULL,
	"skipped" json,
	"failed" text,
	"replayed_at" timestamp with time zone,
	"sealed" "bytea",
	"sealed_key" "bytea",
	"key_id" text
);
--> statement-breakpoint
CREATE TABLE "webhook_days" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "webhook_days_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"registration_id" bigint NOT NULL,
	"day" date NOT NULL,
	"bytes" bigint NOT NULL,
	"refused" integer NOT NULL,
	"unkept" integer NOT NULL,
	CONSTRAINT "webhook_days_day" UNIQUE("registration_id","day")
);
--> statement-breakpoint
CREATE INDEX "received_webhooks_registration" ON "received_webhooks" USING btree ("registration_id","id");--> statement-breakpoint
CREATE INDEX "received_webhooks_failed" ON "received_webhooks" USING btree ("registration_id","id") WHERE failed is not null;--> statement-breakpoint
CREATE INDEX "received_webhooks_time" ON "received_webhooks" USING brin ("received_at");