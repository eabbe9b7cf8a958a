namespace Cameo.ModelRunner;

/// <summary>Runs checks, prints a line for each, and counts.</summary>
internal sealed class CheckList
{
    public int Passed { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Runs a check.</summary>
    /// <param name="name">What is checked.</param>
    /// <param name="check">Null where all is well, else what is wrong.</param>
    public void Run(string name, Func<string?> check)
    {
        string? fault;
        try
        {
            fault = check();
        }
        catch (Exception exception)
        {
            fault = exception.ToString();
        }

        Console.WriteLine(fault is null ? $"passed  {name}" : $"FAILED  {name}: {fault}");
        if (fault is null)
        {
            Passed++;
        }
        else
        {
            Failed++;
        }
    }
}
