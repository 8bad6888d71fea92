-- Topics that are not what they were: deleted and made again, or with records lost.

-- On which topic a feed was published last, and with which number that topic begins. A number n stands there at offset
-- n - begins or later; where the log ends before that, it has lost something. NULL: not yet looked at.
ALTER TABLE relayed
    ADD COLUMN topic_id  text,
    ADD COLUMN begins    bigint NOT NULL DEFAULT 1;

-- What persons have ordered about topics and feeds: who, when, why, and what it changed in this store.
CREATE TABLE feed_orders (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text NOT NULL,
    topic     text NOT NULL,
    changed   jsonb NOT NULL,
    reason    text,
    given_by  text NOT NULL,
    given_at  timestamptz NOT NULL DEFAULT now()
);
