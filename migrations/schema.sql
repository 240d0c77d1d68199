-- The tables as the migrations make them; written by test/postgres/schema.test.ts.

create table aliases (
  contact text not null,
  conversation_id bigint not null,
  over boolean not null default false,
  registration_id bigint not null,
  constraint aliases_conversation_id_conversations_id_fk FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE,
  constraint aliases_registration_id_contact_pk PRIMARY KEY (registration_id, contact),
  constraint aliases_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX aliases_conversation ON public.aliases USING btree (conversation_id);

create table api_tokens (
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  hash text not null,
  id bigint not null generated always as identity,
  name text not null,
  per_second integer,
  registration_id bigint,
  revoked_at timestamp with time zone,
  scopes text[] not null,
  constraint api_tokens_hash_unique UNIQUE (hash),
  constraint api_tokens_pkey PRIMARY KEY (id),
  constraint api_tokens_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);

create table audit (
  action text not null,
  actor text not null,
  at timestamp with time zone not null default now(),
  details json not null,
  id bigint not null generated always as identity,
  registration_id bigint,
  constraint audit_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_registration ON public.audit USING btree (registration_id, id);

create table console_sessions (
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  hash text not null,
  token_hash text,
  constraint console_sessions_pkey PRIMARY KEY (hash),
  constraint console_sessions_token_hash_api_tokens_hash_fk FOREIGN KEY (token_hash) REFERENCES api_tokens(hash) ON DELETE CASCADE
);

create table conversations (
  address text,
  all_lifted_at timestamp with time zone,
  contact text not null,
  held_by text,
  held_reason text,
  held_until timestamp with time zone,
  id bigint not null generated always as identity,
  last_incoming_at timestamp with time zone,
  last_incoming_context json,
  last_incoming_ref text,
  marketing_lifted_at timestamp with time zone,
  memory json,
  paced_until timestamp with time zone,
  registration_id bigint not null,
  sending_bulk boolean not null default false,
  sending_due timestamp with time zone,
  suppressed text,
  telling_due timestamp with time zone,
  constraint conversations_contact UNIQUE (registration_id, contact),
  constraint conversations_pkey PRIMARY KEY (id),
  constraint conversations_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX conversations_address ON public.conversations USING btree (registration_id, address) WHERE (address IS NOT NULL);
CREATE INDEX conversations_sending ON public.conversations USING btree (registration_id, sending_bulk, sending_due) WHERE (sending_due IS NOT NULL);
CREATE INDEX conversations_telling ON public.conversations USING btree (registration_id, telling_due) WHERE (telling_due IS NOT NULL);

create table early_statuses (
  created_at timestamp with time zone not null default now(),
  id bigint not null generated always as identity,
  more json,
  reason text,
  ref text not null,
  registration_id bigint not null,
  remember json,
  status text not null,
  constraint early_statuses_pkey PRIMARY KEY (id),
  constraint early_statuses_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX early_statuses_age ON public.early_statuses USING btree (created_at);
CREATE INDEX early_statuses_ref ON public.early_statuses USING btree (registration_id, ref);
CREATE INDEX early_statuses_registration ON public.early_statuses USING btree (registration_id, id);

create table event_webhooks (
  actor text not null,
  ahead bigint[] not null default '{}'::bigint[],
  answer integer,
  attempted_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  delivered_at timestamp with time zone,
  disabled_at timestamp with time zone,
  disabled_reason text,
  due_at timestamp with time zone,
  error text,
  failing_since timestamp with time zone,
  failures integer not null default 0,
  host text,
  id bigint not null generated always as identity,
  missed bigint not null default 0,
  note text,
  old_secret text,
  old_secret_until timestamp with time zone,
  position bigint not null,
  registration_id bigint,
  secret text not null,
  types text[],
  url text not null,
  version integer not null default 0,
  constraint event_webhooks_pkey PRIMARY KEY (id),
  constraint event_webhooks_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);

create table events (
  at timestamp with time zone not null default now(),
  body json not null,
  conversation_id bigint,
  id bigint not null generated always as identity,
  position bigint,
  registration_id bigint,
  type text not null
);
CREATE INDEX events_lines ON public.events USING btree (conversation_id, id) WHERE (type = ANY (ARRAY['message.received'::text, 'message.sent_elsewhere'::text]));
CREATE INDEX events_registration ON public.events USING btree (registration_id, "position") WHERE ("position" IS NOT NULL);
CREATE INDEX events_unplaced ON public.events USING btree (id) WHERE ("position" IS NULL);
CREATE UNIQUE INDEX events_position ON public.events USING btree ("position") WHERE ("position" IS NOT NULL);

create table figures (
  begun_at timestamp with time zone not null default now(),
  body json,
  name text not null,
  read_at timestamp with time zone,
  constraint figures_pkey PRIMARY KEY (name)
);

create table hosts (
  id text not null,
  load json,
  loads json,
  pools text[] not null,
  roles text[],
  seen_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  version text,
  constraint hosts_pkey PRIMARY KEY (id)
);

create table key_holders (
  id text not null,
  keys text[] not null,
  seen_at timestamp with time zone not null default now(),
  constraint key_holders_pkey PRIMARY KEY (id)
);

create table lot_chunks (
  attempts integer not null default 0,
  first_item bigint not null,
  id bigint not null generated always as identity,
  last_item bigint not null,
  lot_id bigint not null,
  reason text,
  settled boolean not null default false,
  state text not null default 'queued'::text,
  constraint lot_chunks_lot_id_lots_id_fk FOREIGN KEY (lot_id) REFERENCES lots(id) ON DELETE CASCADE,
  constraint lot_chunks_pkey PRIMARY KEY (id)
);
CREATE INDEX lot_chunks_lot ON public.lot_chunks USING btree (lot_id);
CREATE INDEX lot_chunks_open ON public.lot_chunks USING btree (lot_id, first_item) WHERE (NOT settled);

create table lot_items (
  conversation_id bigint not null,
  dedupe text,
  id bigint not null generated always as identity,
  item json not null,
  lot_id bigint not null,
  message_id bigint not null,
  reason text,
  state text not null default 'waiting'::text,
  constraint lot_items_lot_id_lots_id_fk FOREIGN KEY (lot_id) REFERENCES lots(id) ON DELETE CASCADE,
  constraint lot_items_message_id_messages_id_fk FOREIGN KEY (message_id) REFERENCES messages(id) ON DELETE CASCADE,
  constraint lot_items_pkey PRIMARY KEY (id)
);
CREATE INDEX lot_items_lot ON public.lot_items USING btree (lot_id, id);
CREATE INDEX lot_items_message ON public.lot_items USING btree (message_id);
CREATE INDEX lot_items_waiting ON public.lot_items USING btree (conversation_id) WHERE (state = 'waiting'::text);
CREATE UNIQUE INDEX lot_items_dedupe ON public.lot_items USING btree (lot_id, dedupe) WHERE (dedupe IS NOT NULL);

create table lots (
  attempts integer not null default 0,
  calling boolean not null default false,
  code text,
  cost json,
  created_at timestamp with time zone not null default now(),
  deaths integer not null default 0,
  doubtful boolean not null default false,
  due_at timestamp with time zone,
  ended_at timestamp with time zone,
  hash text not null,
  host text,
  id bigint not null generated always as identity,
  items integer not null default 0,
  key json not null,
  name text not null,
  opened_at timestamp with time zone,
  reason text,
  ref text,
  registration_id bigint not null,
  retryable boolean not null default false,
  sealed_at timestamp with time zone,
  seals_at timestamp with time zone not null,
  state text not null default 'collecting'::text,
  step text,
  constraint lots_pkey PRIMARY KEY (id),
  constraint lots_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX lots_ended ON public.lots USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX lots_registration ON public.lots USING btree (registration_id, id);
CREATE UNIQUE INDEX lots_collecting ON public.lots USING btree (registration_id, hash) WHERE (state = 'collecting'::text);

create table message_parts (
  code text,
  cost json,
  dropped boolean not null default false,
  message_id bigint not null,
  part integer not null,
  ref text not null,
  registration_id bigint not null,
  status text,
  constraint message_parts_message_id_messages_id_fk FOREIGN KEY (message_id) REFERENCES messages(id) ON DELETE CASCADE,
  constraint message_parts_message_id_part_ref_pk PRIMARY KEY (message_id, part, ref),
  constraint message_parts_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX message_parts_ref ON public.message_parts USING btree (registration_id, ref);

create table messages (
  alone boolean not null default false,
  answer text,
  attempts integer not null default 0,
  body json not null,
  bulk boolean not null default false,
  client text,
  client_id text,
  code text,
  conversation_id bigint not null,
  cost json,
  created_at timestamp with time zone not null default now(),
  crm_id text,
  deaths integer not null default 0,
  doubt text,
  due_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  failure uuid generated always as stored CASE WHEN ((state = 'failed'::text) OR ((state = 'accepted'::text) AND (status = 'error'::text))) THEN (md5(((COALESCE(failure_reason(reason), ''::text) || chr(10)) || COALESCE(code, ''::text))))::uuid ELSE NULL::uuid END,
  id bigint not null generated always as identity,
  if_line bigint,
  if_not_held boolean not null default false,
  in_parts boolean not null default false,
  later json,
  not_before timestamp with time zone,
  part_count integer,
  progress json,
  purpose text,
  reason text,
  ref text,
  registration_id bigint not null,
  replays integer not null default 0,
  returned json,
  settled_at timestamp with time zone,
  state text not null default 'waiting'::text,
  status text,
  story jsonb not null default '[]'::jsonb,
  tag text,
  tell_crm text,
  traceparent text,
  constraint messages_crm_id UNIQUE (registration_id, crm_id),
  constraint messages_pkey PRIMARY KEY (id)
) with (fillfactor=50);
CREATE INDEX messages_coming ON public.messages USING btree (not_before) WHERE ((not_before IS NOT NULL) AND (settled_at IS NULL) AND (NOT bulk));
CREATE INDEX messages_conversation ON public.messages USING btree (conversation_id);
CREATE INDEX messages_expiring ON public.messages USING btree (expires_at) WHERE ((expires_at IS NOT NULL) AND (settled_at IS NULL));
CREATE INDEX messages_failed ON public.messages USING btree (id, registration_id) WHERE (failure IS NOT NULL);
CREATE INDEX messages_failure ON public.messages USING btree (registration_id, failure, settled_at, id) WHERE (failure IS NOT NULL);
CREATE INDEX messages_ref ON public.messages USING btree (registration_id, ref) WHERE (ref IS NOT NULL);
CREATE INDEX messages_registration ON public.messages USING btree (registration_id, id);
CREATE INDEX messages_scheduled ON public.messages USING btree (conversation_id, not_before) WHERE ((not_before IS NOT NULL) AND (settled_at IS NULL));
CREATE INDEX messages_settled ON public.messages USING btree (settled_at) WHERE (settled_at IS NOT NULL);
CREATE INDEX messages_tag ON public.messages USING btree (registration_id, tag) WHERE (tag IS NOT NULL);
CREATE INDEX messages_unsettled ON public.messages USING btree (conversation_id, bulk, id) WHERE (settled_at IS NULL);
CREATE INDEX messages_untold ON public.messages USING btree (conversation_id, id) WHERE (tell_crm IS NOT NULL);
CREATE UNIQUE INDEX messages_answer ON public.messages USING btree (registration_id, answer) WHERE (answer IS NOT NULL);
CREATE UNIQUE INDEX messages_client_id ON public.messages USING btree (registration_id, client, client_id) WHERE (client_id IS NOT NULL);

create table notes (
  at timestamp with time zone not null,
  name text not null,
  registration_id bigint not null,
  value json not null,
  constraint notes_registration_id_name_pk PRIMARY KEY (registration_id, name),
  constraint notes_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);

create table operations (
  actor text not null,
  changed integer not null default 0,
  created_at timestamp with time zone not null default now(),
  end_id bigint not null,
  ended_at timestamp with time zone,
  error text,
  id bigint not null generated always as identity,
  kind text not null,
  last_id bigint not null default 0,
  per_second integer,
  registration_id bigint,
  request json not null,
  seen integer not null default 0,
  state text not null default 'running'::text,
  total integer not null,
  constraint operations_pkey PRIMARY KEY (id)
);
CREATE INDEX operations_registration ON public.operations USING btree (registration_id, id);

create table outbox (
  attempts integer not null default 0,
  body json not null,
  conversation_id bigint not null,
  created_at timestamp with time zone not null default now(),
  deaths integer not null default 0,
  dedupe text not null,
  due_at timestamp with time zone not null default now(),
  id bigint not null generated always as identity,
  kind text not null,
  media json,
  offered_since timestamp with time zone not null default now(),
  reason text,
  registration_id bigint not null,
  settled_at timestamp with time zone,
  state text not null default 'waiting'::text,
  constraint outbox_dedupe UNIQUE (registration_id, dedupe),
  constraint outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX outbox_conversation ON public.outbox USING btree (conversation_id);
CREATE INDEX outbox_settled ON public.outbox USING btree (settled_at) WHERE (settled_at IS NOT NULL);
CREATE INDEX outbox_unsettled ON public.outbox USING btree (conversation_id, id) WHERE (settled_at IS NULL);

create table public_keys (
  fetched_at timestamp with time zone not null default now(),
  id text not null,
  origin text not null,
  pem text not null,
  constraint public_keys_origin_id_pk PRIMARY KEY (origin, id)
);

create table received_webhooks (
  bytes integer not null,
  events integer not null,
  failed text,
  id bigint not null generated by default as identity,
  key_id text,
  received_at timestamp with time zone not null default now(),
  registration_id bigint not null,
  replayed_at timestamp with time zone,
  sealed bytea,
  sealed_key bytea,
  skipped json,
  constraint received_webhooks_pkey PRIMARY KEY (id)
);
CREATE INDEX received_webhooks_failed ON public.received_webhooks USING btree (registration_id, id) WHERE (failed IS NOT NULL);
CREATE INDEX received_webhooks_registration ON public.received_webhooks USING btree (registration_id, id);
CREATE INDEX received_webhooks_time ON public.received_webhooks USING brin (received_at);

create table registrations (
  alias text not null,
  archived_at timestamp with time zone,
  called_at timestamp with time zone,
  channel text not null,
  cluster_uri text not null,
  company_id text not null,
  contact_key text,
  country text not null,
  currency text not null,
  hpt text not null,
  human_hold_s integer not null default 43200,
  id bigint not null generated always as identity,
  operator_pause_reason text,
  operator_paused_at timestamp with time zone,
  operator_paused_until timestamp with time zone,
  opt_out json,
  origin text not null default ''::text,
  paused_until timestamp with time zone,
  plugin_id text not null,
  poll_cursor json,
  poll_leased_until timestamp with time zone,
  registered_at timestamp with time zone not null default now(),
  retry_unknown boolean not null default false,
  sending_host text,
  sent_at timestamp with time zone,
  signed_at double precision,
  telling_host text,
  told_at timestamp with time zone,
  webhook_hash text not null,
  webhook_token text not null,
  constraint registrations_pkey PRIMARY KEY (id),
  constraint registrations_reference UNIQUE (channel, company_id, alias, plugin_id, origin),
  constraint registrations_webhookHash_unique UNIQUE (webhook_hash)
);
CREATE INDEX registrations_sending ON public.registrations USING btree (sending_host) WHERE (sending_host IS NOT NULL);
CREATE INDEX registrations_telling ON public.registrations USING btree (telling_host) WHERE (telling_host IS NOT NULL);

create table secret_keys (
  created_at timestamp with time zone not null default now(),
  id text not null,
  sealed text not null,
  constraint secret_keys_pkey PRIMARY KEY (id)
);

create table settings (
  data json not null,
  registration_id bigint not null,
  saved_at timestamp with time zone not null default now(),
  secrets text not null,
  constraint settings_pkey PRIMARY KEY (registration_id),
  constraint settings_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);

create table suppressions (
  at timestamp with time zone not null default now(),
  conversation_id bigint,
  id bigint not null generated always as identity,
  name_hash text,
  note text,
  purpose text not null,
  registration_id bigint not null,
  source text not null,
  constraint suppressions_conversation_id_conversations_id_fk FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE,
  constraint suppressions_pkey PRIMARY KEY (id),
  constraint suppressions_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX suppressions_registration ON public.suppressions USING btree (registration_id, id);
CREATE UNIQUE INDEX suppressions_conversation ON public.suppressions USING btree (conversation_id, purpose) WHERE (conversation_id IS NOT NULL);
CREATE UNIQUE INDEX suppressions_name ON public.suppressions USING btree (registration_id, name_hash, purpose) WHERE (name_hash IS NOT NULL);

create table traffic (
  accepted integer not null default 0,
  failed integer not null default 0,
  minute timestamp with time zone not null,
  received integer not null default 0,
  registration_id bigint not null,
  sent integer not null default 0,
  constraint traffic_registration_id_minute_pk PRIMARY KEY (registration_id, minute),
  constraint traffic_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX traffic_minute ON public.traffic USING btree (minute);

create table uploads (
  bytes bigint not null,
  created_at timestamp with time zone not null default now(),
  path text not null,
  registration_id bigint not null,
  constraint uploads_pkey PRIMARY KEY (path),
  constraint uploads_registration_id_registrations_id_fk FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE
);
CREATE INDEX uploads_registration ON public.uploads USING btree (registration_id);

create table webhook_days (
  bytes bigint not null,
  day date not null,
  id bigint not null generated always as identity,
  refused integer not null,
  registration_id bigint not null,
  unkept integer not null,
  constraint webhook_days_day UNIQUE (registration_id, day),
  constraint webhook_days_pkey PRIMARY KEY (id)
);
