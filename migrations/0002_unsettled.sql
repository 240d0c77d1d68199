DROP INDEX "messages_open";--> statement-breakpoint
DROP INDEX "outbox_open";--> statement-breakpoint
CREATE INDEX "messages_unsettled" ON "messages" USING btree ("conversation_id","id") WHERE settled_at is null;--> statement-breakpoint
CREATE INDEX "outbox_unsettled" ON "outbox" USING btree ("conversation_id","id") WHERE settled_at is null;