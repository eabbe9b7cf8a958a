namespace Cameo.Demo;

/// <summary>What the program tells its caller.</summary>
public static class ExitCodes
{
    public const int Done = 0, Failed = 1, WrongUsage = 2;
}
