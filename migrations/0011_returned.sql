ALTER TABLE "messages" ADD COLUMN "returned" json;--> statement-breakpoint
ALTER TABLE "aliases" ADD COLUMN "over" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "early_statuses" ADD COLUMN "more" json;