"""The local AWS as a process: how it starts and stops, its ports, and the state that it keeps."""
