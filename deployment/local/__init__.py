"""The laptop's cloud: AWS on loopback, the engine in Personalize's place, and the command line over both."""
