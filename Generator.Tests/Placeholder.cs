namespace Cameo.Tests; internal static class Placeholder;
