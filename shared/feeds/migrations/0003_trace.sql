-- The trace in which a referral was first spoken of, so that what its partner answers weeks later can point to it. Written only
-- where the service is traced. No key into other tables and no person's data: ids alone.
CREATE TABLE referral_traces (
    referral_id  uuid PRIMARY KEY,
    traceparent  text NOT NULL,
    kept_at      timestamptz NOT NULL DEFAULT now()
);
