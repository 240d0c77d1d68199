ALTER TABLE "messages" DROP CONSTRAINT "messages_registration_id_registrations_id_fk";
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_registration_id_registrations_id_fk";
--> statement-breakpoint
-- Room for the row of a message that is being sent beside the one that waited: indexes then need no new entry.
ALTER TABLE "messages" SET (fillfactor = 50);
