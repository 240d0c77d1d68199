-- A reason without what varies from message to message: addresses, names of files and ids, numbers. Numbers that tell reasons apart
-- stay: those behind an opening bracket, a hash, a colon or a word such as HTTP and code, and those within a word. Groups of failures are
-- known by it, so another version of it has to be another function.
CREATE FUNCTION "failure_reason"(reason text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  select btrim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(left(reason, 300),
    '\mhttps?://[^[:space:]"<>]+|[^[:space:]"<>(]+@[^[:space:]"<>)]+', '…', 'gi'),
    '\m[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\M|\m(?=[[:alpha:]]*[0-9])[[:alnum:]]{16,}={0,2}', '…', 'gi'),
    '\+?\m[0-9]([ .:/-]?[0-9]){6,}(?![[:alnum:]_])', '…', 'g'),
    '(?<![[:alnum:]_#(.,-]|HTTP |code |error |status |: )[0-9]+([.,:][0-9]+)*(?![[:alnum:]_])', '…', 'gi'))
$$;
--> statement-breakpoint
CREATE TABLE "traffic" (
	"registration_id" bigint NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"accepted" integer DEFAULT 0 NOT NULL,
	"sent" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	"received" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "traffic_registration_id_minute_pk" PRIMARY KEY("registration_id","minute")
);
--> statement-breakpoint
ALTER TABLE "hosts" ADD COLUMN "version" text;--> statement-breakpoint
ALTER TABLE "hosts" ADD COLUMN "roles" text[];--> statement-breakpoint
ALTER TABLE "hosts" ADD COLUMN "started_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "hosts" ADD COLUMN "load" json;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "failure" uuid GENERATED ALWAYS AS (case when state = 'failed' or (state = 'accepted' and status = 'error') then md5(coalesce(failure_reason(reason), '') || chr(10) || coalesce(code, ''))::uuid end) STORED;--> statement-breakpoint
ALTER TABLE "traffic" ADD CONSTRAINT "traffic_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "traffic_minute" ON "traffic" USING btree ("minute");--> statement-breakpoint
CREATE INDEX "messages_registration" ON "messages" USING btree ("registration_id","id");--> statement-breakpoint
CREATE INDEX "messages_failed" ON "messages" USING btree ("id","registration_id") WHERE failure is not null;--> statement-breakpoint
CREATE INDEX "messages_failure" ON "messages" USING btree ("registration_id","failure","settled_at","id") WHERE failure is not null;