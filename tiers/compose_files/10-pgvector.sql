-- The extension that the federated tier stands on. The image brings the library.
CREATE EXTENSION IF NOT EXISTS vector;
