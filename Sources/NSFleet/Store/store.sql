-- The store of a fleet: the histories of many hosts in one PostgreSQL database, 15 or later.
--
-- `nshist fleet init` runs this script in one transaction. It may be run again at any time: it makes what is missing,
-- and replaces the functions.
--
-- ROWS. The first column of every primary key is `history`, the UUID of the history file that a row came from, so that
-- an engine that distributes tables (Citus) can place all rows of a history together. A row of the file travels whole,
-- as a JSON array of its columns in `body`. The other columns are copies of parts of it, for searching. A slice is made
-- of the bodies alone.
--
-- WHAT IS FINAL. A task that has exited is one row of `task`, with all its memberships and descriptions. The row never
-- changes. It is in the partition of the day on which the task ended (UTC), so that central retention drops partitions
-- (`nshist.remove_before`). A task that has not exited is in `open_task`; it is replaced when it has changed.
--
-- RETENTION OF A HOST removes rows of the file, and raises the beginning of others. The store does not follow: where
-- the beginning of a row was raised, the row keeps the beginning that the store has.
--
-- ROLES. A member of `nshist_shipper` may call begin_ship, commit_ship, state and open_tasks, for histories that it was
-- the first to ship, and can read nothing else. A member of `nshist_reader` may read all histories. Only
-- `nshist_owner` can delete.

DO $$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['nshist_owner', 'nshist_shipper', 'nshist_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        -- Roles are of the whole server, and another database may get its store at the same time.
        NULL;
      END;
    END IF;
  END LOOP;
  IF NOT pg_catalog.pg_has_role(current_user, 'nshist_owner', 'MEMBER') THEN
    EXECUTE pg_catalog.format('GRANT nshist_owner TO %I', current_user);
  END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS nshist AUTHORIZATION nshist_owner;
SET LOCAL ROLE nshist_owner;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;

-- The version of this schema. Program and store compare it before anything else.
CREATE OR REPLACE FUNCTION nshist.version() RETURNS integer
LANGUAGE sql IMMUTABLE AS 'SELECT 1';

-- MARK: Tables

-- One history file.
CREATE TABLE IF NOT EXISTS nshist.history (
  history      uuid    PRIMARY KEY,
  owner        name    NOT NULL,      -- the role that ships it: the first that did
  host_name    text,
  machine_id   text,
  program      text,                  -- the name and version of the recorder
  file_version integer NOT NULL,      -- the version of the schema of the file
  ship         bigint  NOT NULL,      -- how often it was shipped: a shipper that expects another number is refused
  -- All samples and events up to this number are in the store. Its times tell a file that was restored or copied.
  seq          bigint  NOT NULL,
  seq_wall_ns  bigint  NOT NULL,
  seq_boot_ns  bigint  NOT NULL,
  -- Whether open_task, piece and namespace are as of seq. They are not while a shipper catches up.
  is_whole     boolean NOT NULL,
  whole_seq    bigint,                -- what seq was when is_whole was true last
  -- Nothing is known of the numbers up to this one: the file had lost them when it was shipped first, or they were removed
  -- here. NULL where nothing is missing.
  missing_seq  bigint,
  header       text    NOT NULL,      -- what a slice needs besides: see ReplicaHeader
  began        timestamptz NOT NULL,  -- the first sample
  reached      timestamptz NOT NULL,  -- the time of seq
  shipped_at   timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS history_host ON nshist.history (host_name);
CREATE INDEX IF NOT EXISTS history_machine ON nshist.history (machine_id);

-- A task that has exited.
CREATE TABLE IF NOT EXISTS nshist.task (
  history      uuid        NOT NULL,
  ended        timestamptz NOT NULL,
  task_id      bigint      NOT NULL,  -- negative for a row of short_lived_task
  from_seq     bigint      NOT NULL,
  until_seq    bigint      NOT NULL,
  began        timestamptz NOT NULL,
  set_id       bigint,                -- the namespace set, if it was in one only
  container_id bigint,
  pid          bigint      NOT NULL,
  comm         text,
  body         text        NOT NULL,
  PRIMARY KEY (history, ended, task_id)
) PARTITION BY RANGE (ended);
CREATE INDEX IF NOT EXISTS task_comm ON nshist.task (comm, ended);

-- A task that has not exited.
CREATE TABLE IF NOT EXISTS nshist.open_task (
  history      uuid        NOT NULL,
  task_id      bigint      NOT NULL,
  from_seq     bigint      NOT NULL,
  until_seq    bigint,                -- NULL while a membership is open
  began        timestamptz NOT NULL,
  set_id       bigint,
  container_id bigint,
  pid          bigint      NOT NULL,
  comm         text,
  body         text        NOT NULL,
  PRIMARY KEY (history, task_id)
);
CREATE INDEX IF NOT EXISTS open_task_comm ON nshist.open_task (comm);
CREATE INDEX IF NOT EXISTS open_task_container ON nshist.open_task (history, container_id)
  WHERE container_id IS NOT NULL;

-- The samples and events of a range of numbers, with what belongs to them.
CREATE TABLE IF NOT EXISTS nshist.run (
  history   uuid        NOT NULL,
  first_seq bigint      NOT NULL,
  last_seq  bigint      NOT NULL,
  began     timestamptz NOT NULL,
  ended     timestamptz NOT NULL,
  body      text        NOT NULL,
  PRIMARY KEY (history, first_seq)
);

-- A row of a small table of the file.
CREATE TABLE IF NOT EXISTS nshist.piece (
  history uuid     NOT NULL,
  part    smallint NOT NULL,          -- which table: see ReplicaPart
  key     bigint   NOT NULL,
  body    text     NOT NULL,
  PRIMARY KEY (history, part, key)
);

CREATE TABLE IF NOT EXISTS nshist.namespace (
  history      uuid     NOT NULL,
  namespace_id bigint   NOT NULL,
  type         smallint NOT NULL,
  inode        bigint   NOT NULL,
  kernel_id    bigint,
  from_seq     bigint,
  until_seq    bigint,
  began        timestamptz,
  ended        timestamptz,           -- NULL while a process is in it
  body         text     NOT NULL,
  PRIMARY KEY (history, namespace_id)
);
CREATE INDEX IF NOT EXISTS namespace_inode ON nshist.namespace (inode, type);
CREATE INDEX IF NOT EXISTS namespace_kernel_id ON nshist.namespace (kernel_id)
  WHERE kernel_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS nshist.container (
  history      uuid   NOT NULL,
  container_id bigint NOT NULL,
  id           text   COLLATE "C" NOT NULL,
  name         text,
  began        timestamptz,           -- of the first and of the last task in it that has exited, or was open
  ended        timestamptz,
  body         text   NOT NULL,
  PRIMARY KEY (history, container_id)
);
CREATE INDEX IF NOT EXISTS container_id_of ON nshist.container (id);
CREATE INDEX IF NOT EXISTS container_name ON nshist.container (name) WHERE name IS NOT NULL;

-- What `nshist query changes` says on the host: a task left its container, joined a namespace, and so on.
CREATE TABLE IF NOT EXISTS nshist.mark (
  history   uuid        NOT NULL,
  at        timestamptz NOT NULL,
  change    bigint      NOT NULL,     -- a hash by which a change is known when it is read again
  mark      text        NOT NULL,
  pid       bigint,
  comm      text,
  type      smallint,                 -- of the namespace
  inode     bigint,
  container text,                     -- of the process
  PRIMARY KEY (history, at, change, mark)
) PARTITION BY RANGE (at);
CREATE INDEX IF NOT EXISTS mark_mark ON nshist.mark (mark, at);

-- MARK: Shipping

-- The time of nanoseconds since the epoch. A clock may be wrong by centuries, and each day takes a partition, so what is
-- far from the present is placed at the nearest limit. The body of the row has the true time.
CREATE OR REPLACE FUNCTION nshist.placed(ns bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN ns IS NOT NULL THEN LEAST(
    GREATEST('epoch'::timestamptz + ns / 1000 * interval '1 microsecond', '2020-01-01 00:00Z'::timestamptz),
    now() + interval '2 days') END
$$;

-- Makes the partition of a day, if it is not there.
CREATE OR REPLACE FUNCTION nshist.make_partition(parent text, day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
BEGIN
  IF to_regclass(format('nshist.%I', name)) IS NOT NULL THEN RETURN; END IF;
  -- ATTACH PARTITION takes a weaker lock on the parent than CREATE TABLE ... PARTITION OF, so that others go on.
  PERFORM pg_advisory_xact_lock(hashtext('nshist.make_partition'));
  IF to_regclass(format('nshist.%I', name)) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE nshist.%I (LIKE nshist.%I INCLUDING ALL)', name, parent);
  EXECUTE format('ALTER TABLE nshist.%I ATTACH PARTITION nshist.%I FOR VALUES FROM (%L) TO (%L)',
    parent, name, day || ' 00:00Z', day + 1 || ' 00:00Z');
END $$;

-- Returns a task whose rows retention has shortened, with the beginning that the store has. Both are JSON arrays of the
-- row of the task, its memberships and its past descriptions.
CREATE OR REPLACE FUNCTION nshist.merged_task(old jsonb, new jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH
    descriptions (d) AS (
      SELECT jsonb_agg(o) FROM (
        SELECT o FROM jsonb_array_elements(old -> 2) AS o
        WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(new -> 2) AS n WHERE n -> 1 = o -> 1)
        UNION ALL SELECT n FROM jsonb_array_elements(new -> 2) AS n) AS either (o)),
    memberships (m) AS (
      SELECT jsonb_agg(o ORDER BY (o ->> 0)::bigint) FROM (
        SELECT o FROM jsonb_array_elements(old -> 1) AS o
        WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(new -> 1) AS n WHERE n -> 0 = o -> 0)
        UNION ALL
        SELECT CASE WHEN (o ->> 3)::bigint <= (n ->> 3)::bigint
          THEN jsonb_build_array(n -> 0, n -> 1, n -> 2, o -> 3, n -> 4, o -> 5, o -> 6,
            NULLIF((COALESCE((o ->> 7)::integer, 0) & 1) | (COALESCE((n ->> 7)::integer, 0) & 2), 0))
          ELSE n END
        FROM jsonb_array_elements(new -> 1) AS n
          LEFT JOIN jsonb_array_elements(old -> 1) AS o ON n -> 0 = o -> 0) AS either (o))
  SELECT jsonb_build_array(
    jsonb_set(
      CASE WHEN d IS NULL THEN new -> 0 ELSE jsonb_set(new -> 0, '{13}', '1') END, '{17}',
      CASE WHEN new -> 0 ->> 17 IS NULL AND new -> 0 -> 16 = old -> 0 -> 16
        THEN old -> 0 -> 17 ELSE new -> 0 -> 17 END),
    m, COALESCE(d, '[]'))
  FROM descriptions, memberships
$$;

-- Returns a row whose beginning retention has raised, with the beginning of the row that the store has, if that is
-- earlier, and with those columns that retention has cleared. Retention also raises the end of a namespace that
-- ended before the watermark: `ending` is that column, or NULL.
CREATE OR REPLACE FUNCTION nshist.merged_row(
  old text, new text, beginning integer, columns integer[], ending integer, watermark bigint
) RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  before jsonb;
  after jsonb;
  position integer;
BEGIN
  IF old = new THEN RETURN new; END IF;
  before := old::jsonb;
  after := new::jsonb;
  IF before ->> beginning IS NULL
    OR (before ->> beginning)::bigint > COALESCE((after ->> beginning)::bigint, 9223372036854775807)
  THEN RETURN new; END IF;
  after := jsonb_set(after, ARRAY[beginning::text], before -> beginning);
  IF (after ->> ending)::bigint <= watermark AND before ->> ending IS NOT NULL THEN
    after := jsonb_set(after, ARRAY[ending::text], before -> ending);
  END IF;
  FOREACH position IN ARRAY columns LOOP
    IF after ->> position IS NULL THEN
      after := jsonb_set(after, ARRAY[position::text], before -> position);
    END IF;
  END LOOP;
  RETURN after::text;
END $$;

-- Makes the table into which a shipper copies the rows of one transaction. It belongs to the owner of the store, so
-- that the shipper can give it neither a trigger nor a rule, with which it would run as the owner.
CREATE OR REPLACE FUNCTION nshist.begin_ship() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CREATE TEMPORARY TABLE nshist_shipment (
    kind smallint, part smallint, key bigint, from_seq bigint, until_seq bigint, began bigint, ended bigint,
    number bigint, other bigint, container_id bigint, name text, name2 text, body text
  ) ON COMMIT DROP;
  EXECUTE format('GRANT INSERT ON pg_temp.nshist_shipment TO %I', session_user);
END $$;

-- Throws unless the history is the caller's, or nobody's yet.
CREATE OR REPLACE FUNCTION nshist.require_own(the_history uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM nshist.history WHERE history = the_history AND owner <> session_user) THEN
    RAISE EXCEPTION 'history % is shipped by another role', the_history USING ERRCODE = 'NS001';
  END IF;
END $$;

-- How far a history of the caller is in the store. No row if it is not.
CREATE OR REPLACE FUNCTION nshist.state(the_history uuid)
RETURNS TABLE (ship bigint, seq bigint, seq_wall_ns bigint, seq_boot_ns bigint, whole_seq bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nshist.require_own(the_history);
  RETURN QUERY SELECT h.ship, h.seq, h.seq_wall_ns, h.seq_boot_ns, h.whole_seq FROM nshist.history AS h
    WHERE h.history = the_history;
END $$;

-- The tasks of a history of the caller that had not exited when it was shipped last.
CREATE OR REPLACE FUNCTION nshist.open_tasks(the_history uuid) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nshist.require_own(the_history);
  RETURN QUERY SELECT t.task_id FROM nshist.open_task AS t WHERE t.history = the_history;
END $$;

-- Takes over the rows of pg_temp.nshist_shipment, and moves the cursor of the history. Returns the number of the ship.
--
-- The kinds of rows: 0 a task that has exited, 1 a task that has not, 2 a run, 3 a piece, 4 the number of a task that
-- is not open any more, 5 the number of a namespace that turned out to be another one, 6 a namespace, 7 a
-- container, 8 a mark.
CREATE OR REPLACE FUNCTION nshist.commit_ship(
  the_history uuid, expected bigint, the_seq bigint, the_wall bigint, the_boot bigint, whole boolean,
  is_first boolean, missing bigint, watermark bigint, the_header text, host text, machine text, recorder text,
  version_of_file integer, first_wall bigint
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day date;
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_class WHERE oid = to_regclass('pg_temp.nshist_shipment')
      AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  ) THEN
    RAISE EXCEPTION 'call begin_ship first' USING ERRCODE = '42501';
  END IF;
  PERFORM nshist.require_own(the_history);
  IF expected = 0 THEN
    INSERT INTO nshist.history VALUES (
      the_history, session_user, host, machine, recorder, version_of_file, 1, the_seq, the_wall, the_boot,
      whole, CASE WHEN whole THEN the_seq END, missing, the_header, nshist.placed(first_wall), nshist.placed(the_wall), now())
    ON CONFLICT DO NOTHING;
  ELSE
    UPDATE nshist.history AS h SET
      host_name = host, machine_id = machine, program = recorder, file_version = version_of_file,
      ship = h.ship + 1, seq = the_seq, seq_wall_ns = the_wall, seq_boot_ns = the_boot, is_whole = whole,
      whole_seq = CASE WHEN whole THEN the_seq ELSE h.whole_seq END,
      missing_seq = GREATEST(h.missing_seq, missing), header = the_header,
      reached = nshist.placed(the_wall), shipped_at = now()
    WHERE h.history = the_history AND h.ship = expected;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'history % was shipped meanwhile', the_history USING ERRCODE = 'NS002';
  END IF;

  FOR day IN SELECT DISTINCT (nshist.placed(ended) AT TIME ZONE 'UTC')::date
    FROM pg_temp.nshist_shipment WHERE kind = 0
  LOOP
    PERFORM nshist.make_partition('task', day);
  END LOOP;
  INSERT INTO nshist.task
  SELECT the_history, nshist.placed(s.ended), s.key, LEAST(s.from_seq, o.from_seq), s.until_seq,
    LEAST(nshist.placed(s.began), o.began), s.other, s.container_id, s.number, s.name,
    CASE WHEN o.from_seq <= watermark THEN nshist.merged_task(o.body::jsonb, s.body::jsonb)::text
      ELSE s.body END
  FROM pg_temp.nshist_shipment AS s
    LEFT JOIN nshist.open_task AS o ON o.history = the_history AND o.task_id = s.key
  WHERE s.kind = 0
  ON CONFLICT DO NOTHING;
  DELETE FROM nshist.open_task AS o USING pg_temp.nshist_shipment AS s
  WHERE s.kind IN (0, 4) AND o.history = the_history AND o.task_id = s.key;
  INSERT INTO nshist.open_task AS o
  SELECT the_history, key, from_seq, until_seq, nshist.placed(began), other, container_id, number, name, body
  FROM pg_temp.nshist_shipment WHERE kind = 1
  ON CONFLICT (history, task_id) DO UPDATE SET
    from_seq = LEAST(o.from_seq, excluded.from_seq), until_seq = excluded.until_seq,
    began = LEAST(o.began, excluded.began), set_id = excluded.set_id,
    container_id = excluded.container_id, pid = excluded.pid, comm = excluded.comm,
    body = CASE WHEN o.from_seq <= watermark
      THEN nshist.merged_task(o.body::jsonb, excluded.body::jsonb)::text ELSE excluded.body END;

  INSERT INTO nshist.run
  SELECT the_history, from_seq, until_seq, nshist.placed(began), nshist.placed(ended), body
  FROM pg_temp.nshist_shipment WHERE kind = 2
  ON CONFLICT DO NOTHING;

  -- Of the parts (ReplicaPart), sessions (3) and pins (11) have a beginning that retention raises.
  INSERT INTO nshist.piece AS p
  SELECT the_history, part, key, body FROM pg_temp.nshist_shipment WHERE kind = 3
  ON CONFLICT (history, part, key) DO UPDATE SET body = CASE
    WHEN watermark IS NULL THEN excluded.body
    WHEN p.part = 3 THEN nshist.merged_row(p.body, excluded.body, 13, '{14}', NULL, watermark)
    WHEN p.part = 11 THEN nshist.merged_row(p.body, excluded.body, 9, '{}', NULL, watermark)
    ELSE excluded.body END;

  DELETE FROM nshist.namespace AS n USING pg_temp.nshist_shipment AS s
  WHERE s.kind = 5 AND n.history = the_history AND n.namespace_id = s.key;
  IF is_first THEN
    -- A shipper that has just started does not know which namespaces turned out to be another one. A namespace that
    -- retention has removed had ended before the watermark.
    DELETE FROM nshist.namespace AS n
    WHERE n.history = the_history AND n.kernel_id IS NULL
      AND COALESCE(n.until_seq, 9223372036854775807) >= COALESCE(watermark, 0)
      AND NOT EXISTS (SELECT FROM pg_temp.nshist_shipment AS s WHERE s.kind = 6 AND s.key = n.namespace_id);
  END IF;
  INSERT INTO nshist.namespace AS n
  SELECT the_history, key, part, number, other, from_seq, until_seq, nshist.placed(began), nshist.placed(ended),
    body
  FROM pg_temp.nshist_shipment WHERE kind = 6
  ON CONFLICT (history, namespace_id) DO UPDATE SET
    kernel_id = excluded.kernel_id, from_seq = LEAST(n.from_seq, excluded.from_seq),
    until_seq = CASE WHEN excluded.until_seq <= watermark THEN COALESCE(n.until_seq, excluded.until_seq)
      ELSE excluded.until_seq END,
    began = LEAST(n.began, excluded.began),
    ended = CASE WHEN excluded.until_seq <= watermark THEN COALESCE(n.ended, excluded.ended) ELSE excluded.ended END,
    body = CASE WHEN n.from_seq <= watermark
      THEN nshist.merged_row(n.body, excluded.body, 8, '{13,14}', 9, watermark) ELSE excluded.body END;

  INSERT INTO nshist.container AS c
  SELECT the_history, key, name, name2, NULL, NULL, body
  FROM pg_temp.nshist_shipment WHERE kind = 7
  ON CONFLICT (history, container_id) DO UPDATE SET name = excluded.name, body = excluded.body;
  UPDATE nshist.container AS c SET began = LEAST(c.began, u.began), ended = GREATEST(c.ended, u.ended)
  FROM (
    SELECT container_id, nshist.placed(MIN(began)) AS began, nshist.placed(MAX(COALESCE(ended, began))) AS ended
    FROM pg_temp.nshist_shipment WHERE kind IN (0, 1) AND container_id IS NOT NULL
    GROUP BY container_id) AS u
  WHERE c.history = the_history AND c.container_id = u.container_id
    AND (c.began IS NULL OR c.began > u.began OR c.ended < u.ended);

  FOR day IN SELECT DISTINCT (nshist.placed(began) AT TIME ZONE 'UTC')::date
    FROM pg_temp.nshist_shipment WHERE kind = 8
  LOOP
    PERFORM nshist.make_partition('mark', day);
  END LOOP;
  INSERT INTO nshist.mark
  SELECT the_history, nshist.placed(began), key, name, number, name2, NULLIF(part, 0), other, NULLIF(body, '')
  FROM pg_temp.nshist_shipment WHERE kind = 8
  ON CONFLICT DO NOTHING;
  DROP TABLE pg_temp.nshist_shipment;
  RETURN expected + 1;
END $$;

-- MARK: Retention

-- Drops the partitions of the days before a day (UTC), and the runs that only they needed. For the owner.
CREATE OR REPLACE FUNCTION nshist.remove_before(day date) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text;
  removed integer := 0;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'nshist.task'::regclass
      AND c.relname < 'task_' || to_char(day, 'YYYYMMDD')
    ORDER BY c.relname
  LOOP
    EXECUTE format($sql$
      UPDATE nshist.history AS h SET missing_seq = GREATEST(h.missing_seq, t.last)
      FROM (SELECT history, MAX(until_seq) AS last FROM nshist.%I GROUP BY history) AS t
      WHERE h.history = t.history $sql$, name);
    EXECUTE format('DROP TABLE nshist.%I', name);
    removed := removed + 1;
  END LOOP;
  FOR name IN
    SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'nshist.mark'::regclass
      AND c.relname < 'mark_' || to_char(day, 'YYYYMMDD')
  LOOP
    EXECUTE format('DROP TABLE nshist.%I', name);
  END LOOP;
  DELETE FROM nshist.run AS r USING nshist.history AS h
  WHERE h.history = r.history AND r.last_seq < h.missing_seq;
  RETURN removed;
END $$;

-- MARK: Rights

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA nshist FROM PUBLIC;
GRANT USAGE ON SCHEMA nshist TO nshist_shipper, nshist_reader;
GRANT EXECUTE ON FUNCTION nshist.version() TO nshist_shipper, nshist_reader;
GRANT EXECUTE ON FUNCTION nshist.begin_ship(), nshist.state(uuid), nshist.open_tasks(uuid),
  nshist.commit_ship(uuid, bigint, bigint, bigint, bigint, boolean, boolean, bigint, bigint, text, text, text,
    text, integer, bigint) TO nshist_shipper;
GRANT SELECT ON nshist.history, nshist.task, nshist.open_task, nshist.run, nshist.piece, nshist.namespace,
  nshist.container, nshist.mark TO nshist_reader;
