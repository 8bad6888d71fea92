-- One row for each message that somebody is to get, written with the decision to send it and kept as its proof.

CREATE TABLE notifications (
    referral_id   uuid NOT NULL,
    channel       text NOT NULL CHECK (channel IN ('mail')),
    recipient     text NOT NULL CHECK (recipient IN ('partner', 'firm')),
    purpose       text NOT NULL,
    firm_id       uuid NOT NULL,
    message_id    text NOT NULL UNIQUE,
    cause_id      text NOT NULL,
    traceparent   text,
    -- What is sent stands here and is not made again, so that a repeat under the same Message-ID is the same message.
    address       text,
    language      text NOT NULL,
    subject       text NOT NULL,
    body          text NOT NULL,
    state         text NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'no_address')),
    -- The first moment at which somebody may take it. A lease is this moment, moved ahead.
    next_at       timestamptz NOT NULL,
    -- How often it was taken: the number tells a late sender that the row is no longer its own.
    taken         integer NOT NULL DEFAULT 0,
    -- How often the mail server put it off.
    put_off       integer NOT NULL DEFAULT 0,
    -- The server's last code: 250 of a sent one, 4xx of one put off, 5xx of a failed one; 0 where none was got.
    code          integer,
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz,
    PRIMARY KEY (referral_id, channel, recipient, purpose),
    CHECK (state <> 'pending' OR address IS NOT NULL)
);

CREATE INDEX notifications_pending ON notifications (next_at) WHERE state = 'pending';
CREATE INDEX notifications_by_firm ON notifications (firm_id);
