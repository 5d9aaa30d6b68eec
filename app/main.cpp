// The program wheelwork.
#include "app/program.hpp"

int main(int argc, char** argv) { return wheelwork::run_program(argc, argv); }
