namespace Cameo.Generator; internal static class Placeholder;
