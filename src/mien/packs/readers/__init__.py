"""One file for each publisher's format of weights that no engine knows: it is read and built as an OpenVINO model."""
