CREATE TABLE "console_sessions" (
	"hash" text PRIMARY KEY NOT NULL,
	"token_hash" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "figures" (
	"name" text PRIMARY KEY NOT NULL,
	"begun_at" timestamp with time zone DEFAULT now() NOT NULL,
	"read_at" timestamp with time zone,
	"body" json
);
--> statement-breakpoint
ALTER TABLE "console_sessions" ADD CONSTRAINT "console_sessions_token_hash_api_tokens_hash_fk" FOREIGN KEY ("token_hash") REFERENCES "public"."api_tokens"("hash") ON DELETE cascade ON UPDATE no action;