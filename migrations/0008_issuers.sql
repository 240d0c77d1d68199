-- Which origin a key came from is not known, and any allowed cluster may have published it: each is fetched anew.
DELETE FROM "public_keys";--> statement-breakpoint
ALTER TABLE "public_keys" DROP CONSTRAINT "public_keys_pkey";--> statement-breakpoint
ALTER TABLE "public_keys" ADD COLUMN "origin" text NOT NULL;--> statement-breakpoint
ALTER TABLE "public_keys" ADD CONSTRAINT "public_keys_origin_id_pk" PRIMARY KEY("origin","id");--> statement-breakpoint
ALTER TABLE "registrations" ADD COLUMN "origin" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "registrations" ADD COLUMN "signed_at" double precision;--> statement-breakpoint
-- A registration belongs to the cluster that it is told to, written as URL.origin writes it. One that cannot be read so keeps none.
UPDATE "registrations" SET "origin" = regexp_replace(regexp_replace(
  coalesce(lower(substring("cluster_uri" from '^\s*([A-Za-z]+://[^/?#\\\s]+)')), ''),
  '^(https://.*):0*443$', '\1'), '^(http://.*):0*80$', '\1');--> statement-breakpoint
ALTER TABLE "registrations" DROP CONSTRAINT "registrations_reference";--> statement-breakpoint
ALTER TABLE "registrations" ADD CONSTRAINT "registrations_reference" UNIQUE("channel","company_id","alias","plugin_id","origin");
