"""Operations that serve: campaigns, recommenders, filters, metric attributions and the answers themselves."""
