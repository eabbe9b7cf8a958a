namespace Cameo;

/// <summary>
/// Some buffers of a state were loaded and others were not, or they were loaded with different shapes, so that they do
/// not describe the same tokens. Load all of them with one shape, or reset the session.
/// </summary>
public sealed class IncompleteStateLoadException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which buffer, what was expected and what came.</param>
    public IncompleteStateLoadException(string message)
        : base(message)
    {
    }
}
