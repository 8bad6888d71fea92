-- The body by which a firm wants to be served, where that body says so itself: the firm was asked by a link, once for each body.
CREATE TABLE wishes (
    question_id  uuid PRIMARY KEY,
    firm_id      uuid NOT NULL,
    partner      text NOT NULL,
    asked_at     timestamptz NOT NULL,
    answer_by    timestamptz NOT NULL,
    confirmed    boolean,
    answered_at  timestamptz,
    UNIQUE (firm_id, partner),
    CHECK ((confirmed IS NULL) = (answered_at IS NULL))
);
