namespace Cameo; internal static class Placeholder;
