"""Two states of an estate: who gets in now and did not then. Compares what an audit made of each; reads no cloud."""
