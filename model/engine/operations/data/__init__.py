"""Operations on data: dataset groups, schemas, datasets, imports, events, exports and deletions."""
