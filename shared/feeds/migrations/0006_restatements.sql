-- What a service has said last of each of its entities, said once more by a person's command (`portolano feeds restate`). In the
-- order of firms; `after` is the last firm that is done, so that who is interrupted goes on behind it.
CREATE TABLE restatements (
    id           uuid PRIMARY KEY,
    given_by     text NOT NULL,
    given_at     timestamptz NOT NULL DEFAULT now(),
    after        uuid,
    said         bigint NOT NULL DEFAULT 0,
    finished_at  timestamptz
);

-- One at a time: a second command goes on with the first.
CREATE UNIQUE INDEX restatements_unfinished ON restatements ((finished_at IS NULL)) WHERE finished_at IS NULL;
