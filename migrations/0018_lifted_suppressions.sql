ALTER TABLE "conversations" ADD COLUMN "marketing_lifted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "conversations" ADD COLUMN "all_lifted_at" timestamp with time zone;