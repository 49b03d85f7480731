-- What an integration gave to whom, newest first, for its page.
CREATE INDEX issuing_integration ON issuing (integration_id, id) WHERE integration_id IS NOT NULL;
