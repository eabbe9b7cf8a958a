namespace Cameo.Generator.Packing;

/// <summary>
/// Files that appear whole or not at all: written under another name and renamed. Several builds may make the same file at once (target frameworks, an IDE beside a
/// command line); each gets a name of its own and the last rename wins.
/// </summary>
internal static class AtomicFile
{
    /// <summary>A name beside the file that no other process uses.</summary>
    public static string TemporaryName(string path) => path + "." + Guid.NewGuid().ToString("N").Substring(0, 8) + ".tmp";

    /// <summary>Puts a finished temporary file in place.</summary>
    public static void Replace(string temporary, string path)
    {
        const int Attempts = 5;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                if (File.Exists(path))
                {
                    File.Replace(temporary, path, destinationBackupFileName: null);
                }
                else
                {
                    File.Move(temporary, path);
                }

                return;
            }
            catch (IOException) when (attempt < Attempts)
            {
                // Another build has just made or is just reading the file.
                Thread.Sleep(20 * attempt);
            }
        }
    }

    /// <summary>Writes a text unless the file has it already; then its time stamp stays, and nothing that depends on it is made again.</summary>
    /// <returns>Whether the file was written.</returns>
    public static bool WriteTextIfChanged(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text)
        {
            return false;
        }

        string temporary = TemporaryName(path);
        try
        {
            File.WriteAllText(temporary, text);
            Replace(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        return true;
    }
}
