-- A feed that no relay has ever claimed has published nothing: its days stay as well.
CREATE OR REPLACE FUNCTION drop_outbox_days(keep int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    child    record;
    unsent   boolean;
    dropped  int := 0;
BEGIN
    FOR child IN
        SELECT c.relname AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^outbox_[0-9]{8}$'
    LOOP
        CONTINUE WHEN child.day >= current_date - greatest(keep, 1);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I o LEFT JOIN relayed r USING (feed)
                        WHERE o.first + o.n - 1 > coalesce(r.published, 0))', child.name) INTO unsent;
        IF NOT unsent THEN
            EXECUTE format('DROP TABLE %I', child.name);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    RETURN dropped;
END $$;
