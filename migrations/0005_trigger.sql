ALTER TABLE "messages" DROP CONSTRAINT "messages_conversation_id_conversations_id_fk";
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_conversation_id_conversations_id_fk";

--> statement-breakpoint
CREATE FUNCTION "remove_with_conversations"() RETURNS trigger LANGUAGE plpgsql AS $$
declare
  ids bigint[] := array(select id from gone);
begin
  delete from messages where conversation_id = any(ids);
  delete from outbox where conversation_id = any(ids);
  return null;
end $$;
--> statement-breakpoint
CREATE TRIGGER "remove_with_conversations" AFTER DELETE ON "conversations" REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION "remove_with_conversations"();
