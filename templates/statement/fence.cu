{{ function }}();
