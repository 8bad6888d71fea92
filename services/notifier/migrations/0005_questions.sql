-- What firms are asked by a signed link, and what they answered on the page that it opens. What the page shows stands here as
-- it was when it was asked; it says nothing of the firm but what its partner reported, coded.
CREATE TABLE questions (
    purpose      text NOT NULL,
    id           uuid NOT NULL,
    firm_id      uuid NOT NULL,
    partner      text NOT NULL,
    language     text NOT NULL,
    until        timestamptz NOT NULL,
    front        text,
    import       boolean NOT NULL,
    market       text,
    outcomes     jsonb NOT NULL,
    traceparent  text,
    answer       text CHECK (answer IN ('yes', 'no')),
    reason       text,
    answered_at  timestamptz,
    PRIMARY KEY (purpose, id),
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK (reason IS NULL OR answer = 'no')
);

CREATE INDEX questions_by_firm ON questions (firm_id);
